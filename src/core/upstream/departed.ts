/**
 * Departed: members that left the set and are remembered, each kind at most as many as the set is large.
 *
 * - *Stale*: they left because they had no sample for `scoreTtl`. They serve while no other candidate can, for `staleFor`.
 * - *Displaced*: they left because they failed. Each gets its place back from the stand-in when it is cheaper again
 *   (rules/hysteresis.ts).
 */
import type { Candidate, CandidateId } from "../model/Candidate.ts"
import type { UpstreamConfig } from "../model/Config.ts"
import type { Move } from "../model/Decision.ts"
import type { Step } from "../model/Step.ts"
import type { Upstream } from "../model/Upstream.ts"

/** The set while it is evaluated. */
export interface Set {
  readonly members: Array<Candidate>
  readonly sinceUs: Map<CandidateId, number>
  readonly moves: Array<Move>
}

/** Members that failed, the latest last, without those that are back in the set. */
export function displacedAfter(
  { displaced }: Upstream,
  config: UpstreamConfig,
  { moves, members }: Set
): Upstream["displaced"] {
  const shut = moves.filter(({ into, reason }) => !into && (reason === "shut" || reason === "failing")).map((
    { candidate }
  ) => candidate)
  const back = (id: CandidateId) => members.some((member) => member.id === id)
  if (shut.length === 0 && !displaced.some(back)) return displaced
  return [...displaced.filter((id) => !shut.includes(id)), ...shut].filter((id) => !back(id))
    .slice(-config.selector.activeSetSize)
}

/** Members that expired, the latest last, without those that are back in the set, and when they are too old to serve. */
export function staleAfter(
  step: Step,
  upstream: Upstream,
  config: UpstreamConfig,
  set: Set
): Pick<Upstream, "stale" | "staleDueUs"> {
  const expired = set.moves.filter(({ reason }) => reason === "expired").map(({ candidate }) => candidate)
  const back = upstream.stale.some((id) => set.members.some((member) => member.id === id))
  if (expired.length === 0 && !back) return { stale: upstream.stale, staleDueUs: upstream.staleDueUs }
  const before = upstream.stale.filter((id) => !expired.includes(id) && !set.members.some((member) => member.id === id))
  const stale = [...before, ...expired].slice(-config.selector.activeSetSize)
  if (stale.length === 0) return { stale, staleDueUs: -1 }
  return { stale, staleDueUs: expired.length > 0 ? step.at + config.staleForMs * 1000 : upstream.staleDueUs }
}
