/** The beginning and end of each client as log lines at debug. By default only this log shows whole addresses. */
import * as Effect from "effect/Effect"
import * as Candidates from "../core/candidates.ts"
import type { CandidateRef } from "../core/model/Candidate.ts"
import type { Event } from "../core/model/Event.ts"
import type { State } from "../core/model/State.ts"
import type { Folded } from "./Observer.ts"
import { endpointText } from "../core/endpointText.ts"

/** An observer that logs while `isOn`. */
export const observer = (isOn: () => boolean): Effect.Effect<ReadonlyArray<Folded>> =>
  Effect.map(Effect.context<never>(), (context) => {
    const run = Effect.runSyncWith(context)
    const observe: Folded = (entry, _decisions, state) => {
      const told = !isOn() ? undefined : lineOf(state, entry.event)
      if (told !== undefined) run(Effect.annotateLogs(Effect.logDebug(told.message), told.fields))
    }
    return [observe]
  })

function lineOf(state: State, event: Event) {
  switch (event._tag) {
    case "ClientAccepted": {
      const { session, listener, warm, why, tried, candidate } = event
      const attempts = tried.map((one) => `${one.host ?? Candidates.labelOf(state, one.candidate)} ${one.outcome}`).join(
        ", "
      )
      const fields = { session, listener, ...through(state, candidate), why, warm: warm > 0, tried: attempts }
      return { message: candidate === "none" ? "client not served" : "client served", fields }
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

function through(state: State, id: CandidateRef) {
  const candidate = Candidates.find(state, id)
  if (candidate === undefined) return {}
  return { candidate: Candidates.labelOf(state, id), address: endpointText(candidate) }
}
