/** Challengers: the candidates that may come into the active set next. */
import * as Candidates from "./candidates.ts"
import type { CandidateId } from "./model/Candidate.ts"
import type { State } from "./model/State.ts"
import type { Upstream } from "./model/Upstream.ts"

/** The cheapest candidates outside the set, at most `count`, the cheapest first. */
export function challengersOf(state: State, upstream: Upstream, count: number): ReadonlyArray<CandidateId> {
  const found: Array<CandidateId> = []
  if (count === 0) return found
  Candidates.visitRanked(state, upstream.id, (id) => {
    if (!upstream.members.includes(id)) found.push(id)
    return found.length < count
  })
  return found
}
