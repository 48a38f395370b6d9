/**
 * Roll back: changes of beliefs by failures are undone when the failures turn out to say nothing.
 *
 * - A checkpoint is made before a failure, or a sign of one, changes a candidate for the first time in a trouble of its
 *   upstream (noteFailure.ts). It costs next to nothing, because its parts are shared.
 * - Two causes roll back: a common cause of the upstream, and a local outage. The outage also rolls back a failed proof of
 *   identity, and leaves out addresses on loopback.
 * - The end of the trouble voids all its checkpoints without a look at any.
 * - A candidate that failed at its last sample before the trouble has no checkpoint.
 * - A roll back restores the beliefs that failures change (`Beliefs`), and the set. Samples that came meanwhile stay.
 * - A roll back looks at every candidate of the upstream. It is as rare as an outage.
 */
import * as Checkpoint from "../candidate/checkpoint.ts"
import * as Cost from "../candidate/cost.ts"
import * as Suspicion from "../candidate/suspicion.ts"
import * as Candidates from "../candidates.ts"
import { isVouched } from "../candidate/identity.ts"
import type { Candidate, CandidateId, Checkpoint as Saved, UpstreamId } from "../model/Candidate.ts"
import type { Move } from "../model/Decision.ts"
import type { State } from "../model/State.ts"
import type { Step } from "../model/Step.ts"
import type { Upstream } from "../model/Upstream.ts"
import { decide, markDirty } from "../requests.ts"
import { reinstated } from "../upstream/activeSet.ts"
import { letIn } from "../upstream/list.ts"
import { checkpointOf } from "../upstream/trouble.ts"
import * as Upstreams from "../upstreams.ts"

/**
 * Rolls back what the trouble changed in the candidates that `may`; with `proofs` also that a proof of identity failed.
 */
export function rollBack(
  state: State,
  step: Step,
  id: UpstreamId,
  proofs: boolean,
  may: (candidate: Candidate) => boolean
): State {
  const upstream = Upstreams.find(state, id) as Upstream
  let next = state
  for (const one of upstream.listed) {
    const candidate = Candidates.find(next, one)
    const checkpoint = candidate === undefined ? null : checkpointOf(upstream, candidate)
    if (candidate !== undefined && checkpoint !== null && may(candidate)) {
      next = restored(next, step, candidate, checkpoint, proofs)
    }
  }
  markDirty(step, id)
  return withSet(next, step, id)
}

function restored(state: State, step: Step, candidate: Candidate, checkpoint: Saved, proofs: boolean): State {
  const back = Checkpoint.rolledBack(candidate, checkpoint, proofs, step.at)
  if (candidate.identity.state === "failed" && back.identity.state === "verified") {
    decide(step, { _tag: "IdentityProven", upstream: candidate.upstream, candidate: candidate.id })
  }
  const { scoring } = Candidates.configOf(state, candidate)
  let next = Candidates.replace(state, candidate, Suspicion.watched(Cost.repriced(back, scoring, step.at)))
  const { upstream: id } = candidate
  if (candidate.breaker.state !== "closed" && back.breaker.state === "closed") {
    const upstream = Upstreams.find(next, id) as Upstream
    decide(step, { _tag: "BreakerClosed", upstream: id, candidate: candidate.id })
    next = Upstreams.replace(next, upstream, letIn(upstream))
  }
  if (Candidates.isSuspect(candidate) && !Candidates.isSuspect(back)) {
    decide(step, { _tag: "Cleared", upstream: id, candidate: candidate.id })
  }
  return next
}

/** Restores the set of before, without members that left the list meanwhile. */
function withSet(state: State, step: Step, id: UpstreamId): State {
  const upstream = Upstreams.find(state, id) as Upstream
  const set = upstream.trouble?.set
  if (set === undefined) return state
  const { activeSetSize } = Upstreams.configOf(state, id).selector
  const may = (one: CandidateId) => {
    const candidate = Candidates.find(state, one)
    return candidate !== undefined && Candidates.isListed(candidate) && candidate.costMs >= 0
      && candidate.breaker.state === "closed" && isVouched(candidate)
  }
  const members = set.members.filter(may).slice(0, activeSetSize)
  const move = (candidate: CandidateId, into: boolean): Move => {
    return { candidate, into, reason: "outage", costMs: Candidates.find(state, candidate)?.costMs ?? -1 }
  }
  const moves = [
    ...upstream.members.filter((one) => !members.includes(one)).map((one) => move(one, false)),
    ...members.filter((one) => !upstream.members.includes(one)).map((one) => move(one, true))
  ]
  if (moves.length > 0) decide(step, { _tag: "SelectionMoved", upstream: id, members, moves })
  return Upstreams.replace(state, upstream, reinstated(upstream, set, members))
}
