/**
 * Unanswered: when sessions that failed after connect are a sign against their candidate (suspicion.ts).
 *
 * - Where the upstream has answered, one reset is a sign, and so are `breaker.failureThreshold` failures of any kind in a row. A sign
 *   that an upstream byte refutes makes the next one need twice as many failures in a row, up to eight, until a minute has passed
 *   without that: who resets or is reset by each visitor of some kind, such as a scanner, is not suspected with each of them.
 * - Where it has never answered, nobody knows whether it will: one-way protocols exist, and a candidate that fails every client keeps
 *   the upstream from ever being known to answer. So clients explore: `breaker.failureThreshold` failures in a row, or two
 *   sessions in silence, together or one after the other, move them on to the next best, as long as there is one. It is a suspicion
 *   like any other: it lapses, and each time later. When the members and as many as `probing.challengers` have been tried in
 *   vain, nothing is learned of them and the cheapest serves. No breaker opens.
 * - A session that ended well without an answer (its client had sent all, and left before it waited) takes a failure back, so in
 *   one-way protocols nobody is moved.
 */
import { neededAfter } from "./candidate/suspicion.ts"
import * as Candidates from "./candidates.ts"
import * as Ordered from "./data/Ordered.ts"
import * as Vector from "./data/Vector.ts"
import type { Candidate, UpstreamId } from "./model/Candidate.ts"
import type { ClientClosed } from "./model/Event.ts"
import type { State } from "./model/State.ts"
import { isKnownToAnswer } from "./evidence.ts"
import type { FailureAfterConnect } from "./evidence.ts"

/** Whether the failures of a candidate, the latest for this reason, are a sign against it. */
export function isSign(state: State, candidate: Candidate, reason: FailureAfterConnect["reason"], atUs: number): boolean {
  const { upstream, suspicion } = candidate
  const { failureThreshold } = Candidates.configOf(state, candidate).breaker
  if (!isKnownToAnswer(state, upstream)) return suspicion.failures >= failureThreshold && hasOthers(state, upstream)
  const least = reason === "reset" ? 1 : failureThreshold
  const needed = neededAfter(suspicion, atUs)
  return suspicion.failures >= (least > needed ? least : needed)
}

/** Whether clients could go to somebody else. */
export function hasOthers(state: State, upstream: UpstreamId): boolean {
  return Ordered.size(Vector.get(state.index.rankings, upstream) ?? null) > 1
}

/** Whether a client sent all it had to say, and left without having waited for an answer. */
export function isEndedWell({ cause, bytesUp, bytesDown, silence }: ClientClosed): boolean {
  return cause === "done" && silence === "none" && bytesUp > 0 && bytesDown === 0
}
