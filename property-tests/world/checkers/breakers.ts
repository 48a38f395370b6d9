/** Breakers are legal: none closes without a success or a reason to forget the failures, and none is tried before its wait is over. */
import * as Candidates from "../../../src/core/candidates.ts"
import * as Vector from "../../../src/core/data/Vector.ts"
import type { Candidate, CandidateId, UpstreamId } from "../../../src/core/model/Candidate.ts"
import type { Decision } from "../../../src/core/model/Decision.ts"
import type { Event } from "../../../src/core/model/Event.ts"
import type { State } from "../../../src/core/model/State.ts"
import { isUnreached } from "../../../src/core/unreached.ts"
import * as Upstreams from "../../../src/core/upstreams.ts"
import type { Checker, MakeChecker } from "../Checker.ts"
import { mustHold } from "../Checker.ts"

type Waits = Map<CandidateId, { readonly dueUs: number; readonly upstream: UpstreamId }>

export const breakers: MakeChecker = ({ met }): Checker => {
  /** The least moment of the next trial, by candidate. */
  let waits: Waits = new Map()
  return {
    began: () => void (waits = new Map()),
    folded: (_process, { entry: { at, event }, before, advanced: { state, decisions } }) => {
      for (const [was, is] of changed(before, state)) {
        if (was.breaker.state === "closed" || is.breaker.state !== "closed") continue
        const why = mayClose(event, decisions, was, state)
        mustHold(why !== undefined, () => `the breaker of ${is.host} closed at ${event._tag} without a success`)
        met(why === "a success" ? "a breaker closed after a success" : "a breaker closed for another reason")
        waits.delete(is.id)
      }
      for (const decision of decisions) {
        if (decision._tag === "BreakerOpened") {
          met("a breaker opened")
          waits.set(decision.candidate, { dueUs: at + Math.floor(decision.forMs * 1000), upstream: decision.upstream })
        }
      }
      hasten(event, decisions, waits)
      for (const [id, { upstream }] of waits) if (isReached({ ...before, at }, state, upstream)) waits.delete(id)
    },
    decided: ({ state }, decision, { entry: { at } }) => {
      if (decision._tag !== "Probe" || decision.candidate === "reference") return
      const dueUs = waits.get(decision.candidate)?.dueUs
      if (dueUs === undefined || Candidates.find(state, decision.candidate)?.breaker.state === "closed") return
      met("a trial was made")
      mustHold(at >= dueUs, () => `${decision.host} is tried ${((dueUs - at) / 1e6).toFixed(3)} s too early`)
    }
  }
}

/** Why the breaker may close in this entry; undefined: nothing says so. */
function mayClose(event: Event, decisions: ReadonlyArray<Decision>, { id, upstream }: Candidate, state: State) {
  if (succeeded(event, id)) return "a success"
  if (event._tag === "ConfigChanged") return "a reload"
  if (!Upstreams.isOn(state, upstream)) return "the upstream was turned off"
  const ends = decisions.some((one) =>
    one._tag === "OutageEnded" || one._tag === "OutageBegan" || one._tag === "CommonCauseEnded"
    || one._tag === "CommonCauseBegan"
  )
  if (ends) return "a roll back"
  const isLast = decisions.some((one) => one._tag === "MembershipChanged" && one.upstream === upstream)
  if (isLast) return "all others left"
  return Candidates.find(state, id) === undefined ? "gone" : undefined
}

function succeeded(event: Event, id: CandidateId): boolean {
  switch (event._tag) {
    case "ProbeSucceeded":
    case "WarmConnected":
      return event.candidate === id
    case "ClientAccepted":
    case "Raced":
      return event.tried.some(({ candidate, outcome }) => candidate === id && outcome === "connected")
    default:
      return false
  }
}

/** What makes a trial due before its time. */
function hasten(event: Event, decisions: ReadonlyArray<Decision>, waits: Waits): void {
  if (event._tag === "SessionSpoke" || (event._tag === "ClientClosed" && event.firstByteUs >= 0)) {
    if (typeof event.candidate === "number") waits.delete(event.candidate)
  }
  const all = event._tag === "RefreshRequested" || event._tag === "ConfigChanged" || event._tag === "EnabledOverridden"
    || event._tag === "InterfacesChanged"
    || decisions.some(({ _tag }) =>
      _tag === "OutageEnded" || _tag === "OutageBegan" || _tag === "CommonCauseBegan" || _tag === "CommonCauseEnded"
      || _tag === "UpstreamRefreshed" || _tag === "EnabledChanged" || _tag === "AutoEnabled" || _tag === "AutoDisabled"
    )
  if (all) waits.clear()
}

/** An upstream without an answer for long answers again: all its candidates are tried at once. */
function isReached(before: State, after: State, id: UpstreamId): boolean {
  const [was, is] = [Upstreams.find(before, id), Upstreams.find(after, id)]
  return was !== undefined && is !== undefined && isUnreached(before, was) && !isUnreached(after, is)
}

function changed(before: State, after: State): ReadonlyArray<readonly [was: Candidate, is: Candidate]> {
  const found: Array<readonly [Candidate, Candidate]> = []
  if (before.candidates === after.candidates) return found
  after.candidates.chunks.forEach((chunk, i) => {
    if (before.candidates.chunks[i] === chunk) return
    chunk.forEach((is, j) => {
      const was = Vector.get(before.candidates, i * Vector.CHUNK + j)
      if (is !== null && was !== null && was !== undefined && was !== is && was.id === is.id) found.push([was, is])
    })
  })
  return found
}
