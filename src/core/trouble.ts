/** What a trouble of an upstream means for others: see reducers/commonCause.ts. */
import * as Candidates from "./candidates.ts"
import type { Candidate, CandidateId } from "./model/Candidate.ts"
import type { State } from "./model/State.ts"
import type { Upstream } from "./model/Upstream.ts"
import * as Upstreams from "./upstreams.ts"

/** Whether all candidates that could serve have failed, and none of them has succeeded since. */
export function isCommon({ trouble }: Upstream): boolean {
  return trouble !== null && trouble.commonAtUs >= 0
}

/** Whether so much failed in a common cause that clients no longer rely on the set: as many failures as open a breaker. */
export function isPanic(state: State, upstream: Upstream): boolean {
  const { trouble } = upstream
  if (trouble === null || trouble.commonAtUs < 0) return false
  return trouble.failures >= Upstreams.configOf(state, upstream.id).breaker.failureThreshold
}

/** Candidates in the order in which clients try them meanwhile. Where sessions fail, each failure passes on to the next. */
export function orderOf(state: State, { trouble }: Upstream): ReadonlyArray<CandidateId> {
  if (trouble === null) return []
  const { order, byConnect, turn } = trouble
  const from = byConnect ? 0 : turn % order.length
  const turned = [...order.slice(from), ...order.slice(0, from)]
  return turned.filter((id) => isUsable(Candidates.find(state, id)))
}

export function isUsable(candidate: Candidate | undefined): candidate is Candidate {
  return candidate !== undefined && Candidates.isListed(candidate) && candidate.identity.state !== "failed"
}

/** What the candidate would be rolled back to now; undefined: nothing. */
export function checkpointOf({ trouble }: Upstream, { checkpoint }: Candidate): Candidate["checkpoint"] {
  return trouble !== null && checkpoint !== null && checkpoint.trouble === trouble.seq ? checkpoint : null
}
