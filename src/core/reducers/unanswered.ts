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
import * as Candidates from "../candidates.ts"
import * as Ordered from "../data/Ordered.ts"
import * as Vector from "../data/Vector.ts"
import type { Candidate, Suspicion, UpstreamId } from "../model/Candidate.ts"
import type { ClientClosed } from "../model/Event.ts"
import type { State } from "../model/State.ts"
import { isKnownToAnswer } from "./samples.ts"
import type { FailureAfterConnect } from "./samples.ts"

const MOST_NEEDED = 8
const REMEMBERED_US = 60_000_000
/** More would only have to be taken back. */
const MOST_FAILURES = 64

/** One more failure after connect. */
export function withFailure(suspicion: Suspicion, atUs: number): Suspicion {
  const failures = suspicion.failures < MOST_FAILURES ? suspicion.failures + 1 : MOST_FAILURES
  return { ...suspicion, failures, failedAtUs: atUs }
}

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

function neededAfter({ refutedAtUs, refutations }: Suspicion, atUs: number): number {
  if (refutedAtUs < 0 || atUs - refutedAtUs > REMEMBERED_US) return 1
  let needed = 1
  for (let i = 0; i < refutations && needed < MOST_NEEDED; i++) needed *= 2
  return needed
}

/** An upstream byte of `byteAtUs` ends the row of failures; where they had made a suspect, it refutes that. */
export function afterByte(suspicion: Suspicion, byteAtUs: number, atUs: number): Suspicion {
  if (suspicion.failures === 0 || byteAtUs <= suspicion.failedAtUs) return suspicion
  if (!suspicion.session) return { ...suspicion, failures: 0 }
  const refutations = neededAfter(suspicion, atUs) === 1 ? 1 : suspicion.refutations + 1
  return { ...suspicion, failures: 0, refutations, refutedAtUs: atUs }
}

/** Whether a client sent all it had to say, and left without having waited for an answer. */
export function isEndedWell({ cause, bytesUp, bytesDown, silence }: ClientClosed): boolean {
  return cause === "done" && silence === "none" && bytesUp > 0 && bytesDown === 0
}

/** One more session that ended well without an answer. */
export function afterWellEnded(suspicion: Suspicion): Suspicion {
  if (suspicion.failures === 0 && suspicion.silent.length === 0) return suspicion
  const failures = suspicion.failures > 0 ? suspicion.failures - 1 : 0
  return { ...suspicion, failures, silent: suspicion.silent.slice(1) }
}
