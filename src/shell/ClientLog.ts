/** The beginning and end of each client as log lines at debug. By default only this log shows whole addresses. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Candidates from "../core/candidates.ts"
import type { CandidateId } from "../core/model/Candidate.ts"
import type { Event } from "../core/model/Event.ts"
import type { State } from "../core/model/State.ts"
import type { Folded } from "./Observer.ts"
import { Observer } from "./Observer.ts"
import { endpointText } from "../core/endpointText.ts"

/** Gives an `Observer` that logs while `isOn`, and then calls the observer that was there before. */
export const layer = (isOn: () => boolean): Layer.Layer<never> =>
  Layer.effect(
    Observer,
    Effect.gen(function* () {
      const before = yield* Observer
      const context = yield* Effect.context<never>()
      const run = Effect.runSyncWith(context)
      const observe: Folded = (entry, decisions, state) => {
        const told = !isOn() ? undefined : lineOf(state, entry.event)
        if (told !== undefined) run(Effect.annotateLogs(Effect.logDebug(told.message), told.fields))
        before?.(entry, decisions, state)
      }
      return observe
    })
  )

function lineOf(state: State, event: Event) {
  switch (event._tag) {
    case "ClientAccepted": {
      const { session, listener, warm, why, tried, candidate } = event
      const attempts = tried.map((one) => `${one.host ?? Candidates.labelOf(state, one.candidate)} ${one.outcome}`).join(
        ", "
      )
      const fields = { session, listener, ...through(state, candidate), why, warm: warm > 0, tried: attempts }
      return { message: candidate === -1 ? "client not served" : "client served", fields }
    }
    case "ClientClosed": {
      const { session, candidate, bytesUp, bytesDown, firstByteUs, durationUs, cause } = event
      const fields = { session, ...through(state, candidate), bytesUp, bytesDown, firstByteUs, durationUs, cause }
      return { message: "client gone", fields }
    }
    default:
      return undefined
  }
}

function through(state: State, id: CandidateId) {
  const candidate = Candidates.find(state, id)
  if (candidate === undefined) return {}
  return { candidate: Candidates.labelOf(state, id), address: endpointText(candidate) }
}
