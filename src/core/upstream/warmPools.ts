/**
 * Warm pools of an upstream: which of its candidates have one.
 *
 * This file alone writes that. Which candidate has a warm pool is the rule of `reducers/warm.ts`.
 */
import type { CandidateId } from "../model/Candidate.ts"
import type { Upstream } from "../model/Upstream.ts"

export function withWarmPools(upstream: Upstream, warmPools: ReadonlyArray<CandidateId>): Upstream {
  return { ...upstream, warmPools }
}

export function isKept({ warmPools }: Upstream, id: CandidateId): boolean {
  return warmPools.includes(id)
}
