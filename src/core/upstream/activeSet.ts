/**
 * The active set of an upstream: its members, the challengers that are counted, and the former members that are remembered.
 *
 * This file alone writes them. `reducers/selector.ts` decides which candidate is a member.
 */
import type { CandidateId } from "../model/Candidate.ts"
import type { Challenge, SelectedSet, Upstream } from "../model/Upstream.ts"

/** The result of an evaluation of the set. */
export type Evaluated = Pick<Upstream, "members" | "memberSinceUs" | "challenges" | "displaced" | "stale" | "staleDueUs">

/** When the set is evaluated; -1: there is no reason to. */
export function evaluateAt(upstream: Upstream, evaluateDueUs: number): Upstream {
  return { ...upstream, evaluateDueUs }
}

/** The set after an evaluation. `moved`: it changed. */
export function evaluated(
  upstream: Upstream,
  atUs: number,
  { members, memberSinceUs, challenges, displaced, stale, staleDueUs }: Evaluated,
  moved: boolean
): Upstream {
  return {
    ...upstream,
    members,
    memberSinceUs,
    challenges,
    displaced,
    stale,
    staleDueUs,
    filledAtUs: upstream.members.length === 0 && members.length > 0 ? atUs : upstream.filledAtUs,
    evaluateDueUs: -1,
    selectedAtUs: moved ? atUs : upstream.selectedAtUs
  }
}

/** These challengers are counted. */
export function withChallenges(upstream: Upstream, challenges: ReadonlyArray<Challenge>): Upstream {
  return { ...upstream, challenges }
}

/** Stale members are too old to serve. */
export function withoutStale(upstream: Upstream): Upstream {
  return { ...upstream, stale: [], staleDueUs: -1 }
}

/** An empty set; these candidates serve as stale until then. */
export function emptied(
  upstream: Upstream,
  atUs: number,
  stale: ReadonlyArray<CandidateId>,
  staleDueUs: number
): Upstream {
  const selectedAtUs = upstream.members.length > 0 ? atUs : upstream.selectedAtUs
  return { ...upstream, members: [], memberSinceUs: [], challenges: [], stale, staleDueUs, selectedAtUs }
}

/** No member that failed gets its place in the set back. */
export function withoutDisplaced(upstream: Upstream): Upstream {
  return { ...upstream, displaced: [] }
}

/** The set as a trouble remembers it. */
export function setOf(upstream: Upstream): SelectedSet {
  const { members, memberSinceUs, challenges, stale, staleDueUs, selectedAtUs } = upstream
  return { members, memberSinceUs, challenges, stale, staleDueUs, selectedAtUs }
}

/** The set as it was remembered, with those of its members that may still serve. */
export function reinstated(upstream: Upstream, set: SelectedSet, members: ReadonlyArray<CandidateId>): Upstream {
  const { challenges, stale, staleDueUs, selectedAtUs } = set
  const memberSinceUs = members.map((one) => set.memberSinceUs[set.members.indexOf(one)] as number)
  return { ...upstream, members, memberSinceUs, challenges, stale, staleDueUs, selectedAtUs }
}
