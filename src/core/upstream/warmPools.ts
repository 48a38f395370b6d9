/**
 * Warm pools of an upstream: which of its candidates have one.
 *
 * This file alone writes that. `reducers/warm.ts` decides which candidate has a warm pool.
 */
import type { CandidateId } from "../model/Candidate.ts"
import type { Upstream } from "../model/Upstream.ts"

export function withWarmPools(upstream: Upstream, warmPools: ReadonlyArray<CandidateId>): Upstream {
  return { ...upstream, warmPools }
}

export function isKept({ warmPools }: Upstream, id: CandidateId): boolean {
  return warmPools.includes(id)
}
