/**
 * Selection: it chooses the active set, the candidates that serve, without flapping.
 *
 * Which candidates may be in the set is in rules/eligible.ts, when one replaces another in rules/hysteresis.ts, and the
 * evaluation itself in rules/evaluation.ts.
 *
 * - A set with free places is filled at once, the cheapest first. At the first start the first candidate that answers
 *   enters. On equal terms the lower id wins.
 * - A member that must go leaves at once.
 * - Expired members are remembered for `staleFor`, as many as the set is large. They serve as stale while no other can.
 * - When the set was made smaller, the costliest leave. In a local outage a set changes only when a member left the
 *   list (outage.ts).
 *
 * The set is evaluated at once when a member must leave or a place is free. Else `evaluationInterval` after the first
 * change of a cost since the last evaluation, so that the answers of one round are judged together.
 *
 * Every change is a fact, `SelectionMoved`, with the reason of each move.
 */
import * as Candidates from "../candidates.ts"
import type { UpstreamId } from "../model/Candidate.ts"
import type { UpstreamConfig } from "../model/Config.ts"
import type { State } from "../model/State.ts"
import type { Step } from "../model/Step.ts"
import type { Upstream } from "../model/Upstream.ts"
import { decide, markDirty } from "../requests.ts"
import * as ActiveSet from "../upstream/activeSet.ts"
import { displacedAfter, staleAfter } from "../upstream/departed.ts"
import * as Upstreams from "../upstreams.ts"
import { mustGo } from "../rules/eligible.ts"
import { evaluation, stands } from "../rules/evaluation.ts"

export function selector(state: State, step: Step, dirty: ReadonlySet<UpstreamId>): State {
  let next = state
  for (const { kind, id } of step.due) {
    if (kind === "evaluate") markDirty(step, id)
    if (kind === "stale") next = outdated(next, step, id)
  }
  for (const id of dirty) {
    const upstream = Upstreams.find(next, id)
    if (upstream !== undefined) next = consider(next, step, upstream)
  }
  return next
}

/** Stale members that expired too long ago serve no more. */
function outdated(state: State, step: Step, id: UpstreamId): State {
  const upstream = Upstreams.find(state, id)
  if (upstream === undefined) return state
  markDirty(step, id)
  return Upstreams.replace(state, upstream, ActiveSet.withoutStale(upstream))
}

function consider(state: State, step: Step, upstream: Upstream): State {
  const config = Upstreams.configOf(state, upstream.id)
  if (stands(state, upstream)) {
    return Upstreams.replace(state, upstream, ActiveSet.evaluateAt(upstream, -1))
  }
  const isDue = step.due.some(({ kind, id }) => kind === "evaluate" && id === upstream.id)
  if (isDue || isUrgent(state, upstream, config)) return evaluate(state, step, upstream, config)
  if (upstream.evaluateDueUs >= 0) return state
  const evaluateDueUs = step.at + config.selector.evaluationIntervalMs * 1000
  return Upstreams.replace(state, upstream, ActiveSet.evaluateAt(upstream, evaluateDueUs))
}

function isUrgent(state: State, upstream: Upstream, config: UpstreamConfig): boolean {
  return upstream.members.length !== config.selector.activeSetSize
    || upstream.members.some((id) => mustGo(Candidates.find(state, id)) !== null)
}

function evaluate(state: State, step: Step, upstream: Upstream, config: UpstreamConfig): State {
  const { set, challenges } = evaluation(state, step.at, upstream, config)
  set.members.sort((a, b) => a.costMs - b.costMs || a.id - b.id)
  const members = set.members.map(({ id }) => id)
  const moved = set.moves.length > 0
  const after: ActiveSet.Evaluated = {
    members,
    memberSinceUs: members.map((id) => set.sinceUs.get(id) ?? step.at),
    challenges,
    displaced: displacedAfter(upstream, config, set),
    ...staleAfter(step, upstream, config, set)
  }
  if (moved) decide(step, { _tag: "SelectionMoved", upstream: upstream.id, members, moves: set.moves })
  return Upstreams.replace(state, upstream, ActiveSet.evaluated(upstream, step.at, after, moved))
}
