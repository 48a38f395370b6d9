/**
 * Unanswered: when sessions that failed after connect are a sign against their candidate (rules/brokenSessions.ts).
 *
 * If the upstream has answered before:
 *
 * - One reset is a sign, and so are `breaker.failureThreshold` failures of any kind in a row.
 * - An upstream byte refutes a sign. Then the next sign needs twice as many failures in a row, up to eight, until a minute
 *   has passed without that. So a candidate with resets for each visitor of some kind, such as a scanner, is not suspected
 *   each time.
 *
 * If it has never answered, it may be a one-way protocol that never will. But a candidate that fails every client also keeps
 * the upstream from being known to answer. So clients explore:
 *
 * - `breaker.failureThreshold` failures in a row, or two silent sessions, together or one after the other, move clients to
 *   the next best candidate, as long as there is one.
 * - That is a suspicion like any other: it lapses, each time later.
 * - When the members and as many as `probing.challengers` were tried in vain, they teach nothing and the cheapest serves. No
 *   breaker opens.
 *
 * A session that ended well without an answer (its client had sent all, and left before it waited) cancels a failure. So
 * one-way protocols move no client.
 */
import { neededAfter } from "./candidate/suspicion.ts"
import * as Candidates from "./candidates.ts"
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

/** Whether clients could go to another candidate. */
export function hasOthers(state: State, upstream: UpstreamId): boolean {
  return Candidates.rankedOf(state, upstream) > 1
}

/** Whether a client sent all its data and left without a wait for an answer. */
export function isEndedWell({ cause, bytesUp, bytesDown, silence }: ClientClosed): boolean {
  return cause === "done" && silence === "none" && bytesUp > 0 && bytesDown === 0
}
