/** Closing a breaker: the candidate may serve again, and its latency is measured anew. */
import * as Breaker from "../candidate/breaker.ts"
import * as Cost from "../candidate/cost.ts"
import * as Candidates from "../candidates.ts"
import type { Candidate } from "../model/Candidate.ts"
import type { State } from "../model/State.ts"
import type { Step } from "../model/Step.ts"
import { decide, markDirty } from "../requests.ts"
import { letIn } from "../upstream/list.ts"
import * as Upstreams from "../upstreams.ts"

/** Closes the breaker of a candidate. */
export function close(state: State, step: Step, candidate: Candidate): State {
  const upstream = Upstreams.find(state, candidate.upstream)
  if (upstream === undefined) return state
  const { rampMs } = Candidates.configOf(state, candidate).breaker
  decide(step, { _tag: "BreakerClosed", upstream: upstream.id, candidate: candidate.id })
  markDirty(step, upstream.id)
  const next = Upstreams.replace(state, upstream, letIn(upstream))
  // A latency from before the failure says nothing any more, and neither does the trial's latency.
  return Candidates.replace(next, candidate, Cost.outdated(Breaker.closed(candidate, step.at, rampMs)))
}
