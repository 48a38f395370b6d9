/**
 * The trouble of an upstream: a time in which candidates fail and none succeeds.
 *
 * This file alone writes it. `reducers/commonCause.ts` decides when a trouble begins and ends.
 */
import * as Candidates from "../candidates.ts"
import type { Candidate, CandidateId } from "../model/Candidate.ts"
import type { State } from "../model/State.ts"
import type { Trouble, Upstream } from "../model/Upstream.ts"

export function begun(upstream: Upstream, trouble: Trouble): Upstream {
  return { ...upstream, trouble }
}

/** Changes a part of the present trouble. */
export function changed(upstream: Upstream, changes: Partial<Trouble>): Upstream {
  const { trouble } = upstream
  return trouble === null ? upstream : { ...upstream, trouble: { ...trouble, ...changes } }
}

/** There is no trouble any more, and what failed in it counts. */
export function ended(upstream: Upstream): Upstream {
  return { ...upstream, trouble: null }
}

/** A common cause is over. Handshakes that began before say nothing. */
export function returned(upstream: Upstream, atUs: number): Upstream {
  return { ...upstream, trouble: null, returnedAtUs: atUs }
}

/** Whether all candidates that could serve have failed, and none of them has succeeded since. */
export function isCommon({ trouble }: Upstream): boolean {
  return trouble !== null && trouble.commonAtUs >= 0
}

/**
 * The order in which clients try candidates meanwhile. Each session that fails passes clients on to the next candidate,
 * because a candidate that connects keeps them from the others.
 */
export function orderOf(state: State, { trouble }: Upstream): ReadonlyArray<CandidateId> {
  if (trouble === null) return []
  const { order, clientTurn } = trouble
  const from = clientTurn % order.length
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
