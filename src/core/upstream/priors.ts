/**
 * Priors of an upstream: candidates that earlier runs knew and that may serve until a candidate is measured.
 *
 * This file alone writes them. `reducers/history.ts` decides how long a prior counts.
 */
import type { CandidateId } from "../model/Candidate.ts"
import type { Upstream } from "../model/Upstream.ts"

export function withPriors(upstream: Upstream, priors: ReadonlyArray<CandidateId>): Upstream {
  return { ...upstream, priors }
}

/** When the priors are looked at again; -1: never. */
export function reviewAt(upstream: Upstream, priorsDueUs: number): Upstream {
  return { ...upstream, priorsDueUs }
}

/** The candidate was measured: its sample counts from now on. */
export function without(upstream: Upstream, id: CandidateId): Upstream {
  return withPriors(upstream, upstream.priors.filter((one) => one !== id))
}
