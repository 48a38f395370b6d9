/**
 * The end of a common cause, by the first success or because the upstream gives up.
 *
 * - Each other candidate of the order is a suspect until it answers a trial or, where sessions failed, for
 *   `breaker.firstTrial`. All are due for a trial, and every shut candidate too.
 * - A handshake that began before says nothing any more.
 */
import * as Suspicion from "../candidate/suspicion.ts"
import * as Candidates from "../candidates.ts"
import type { Candidate } from "../model/Candidate.ts"
import type { State } from "../model/State.ts"
import type { Step } from "../model/Step.ts"
import type { Trouble, Upstream } from "../model/Upstream.ts"
import { decide, markDirty, recover, requestProbes } from "../requests.ts"
import * as Troubles from "../upstream/trouble.ts"
import { checkpointOf } from "../upstream/trouble.ts"
import * as Upstreams from "../upstreams.ts"

/** The success of a candidate ends the common cause of its upstream. */
export function endCommonCause(state: State, step: Step, upstream: Upstream, first: Candidate, trouble: Trouble): State {
  decide(step, { _tag: "CommonCauseEnded", upstream: upstream.id, tookUs: step.at - trouble.sinceUs })
  markDirty(step, upstream.id)
  recover(step, upstream.id)
  requestProbes(step)
  let next = state
  for (const candidate of Candidates.among(state, trouble.order)) {
    const failed = checkpointOf(upstream, candidate)?.failed ?? null
    if (candidate.id === first.id || failed === null) continue
    const { firstTrialMs } = Candidates.configOf(state, candidate).breaker
    const suspect = failed === "session"
      ? Suspicion.suspectOfSession(candidate, step.at, step.at + firstTrialMs * 1000)
      : Suspicion.suspectOfHandshake(candidate, step.at)
    const reason = failed === "session" ? "silent" : "pending"
    if (!Candidates.isSuspect(candidate)) {
      decide(step, { _tag: "Suspected", upstream: upstream.id, candidate: candidate.id, reason })
    }
    next = Candidates.replace(next, candidate, suspect)
  }
  return returned(next, step, upstream)
}

/** Pending handshakes began before the end and are watched no more. Handshakes that begin later are watched. */
export function returned(state: State, step: Step, upstream: Upstream): State {
  let next = Upstreams.replace(state, upstream, Troubles.returned(upstream, step.at))
  for (const one of Candidates.among(next, upstream.listed)) {
    next = Candidates.replace(next, one, Suspicion.watched(Suspicion.overtaken(one, step.at - 1)))
  }
  return next
}
