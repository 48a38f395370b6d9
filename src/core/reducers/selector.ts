/**
 * Selection: which candidates serve, the active set.
 *
 * This is the plain rule of the spine; margin, confirmations and residence come on top of it in this file.
 *
 * - A candidate may be in the set when it is measured, not expired, its latest sample succeeded, and its score is at least
 *   `minScore`.
 * - The set is the `activeSetSize` cheapest of those. Equal costs: who is in stays in, then the lower id.
 * - Evaluated when a cost changed or a deadline fell due, at most once per `evaluationInterval`; at once when a member may
 *   no longer be in the set or a place is free.
 * - The ranking is kept in order by cost, so an evaluation looks at the members, and at challengers until the set is full:
 *   never at the whole list. Candidates that may not enter are passed over, at most 64 of them.
 * - On first start there is no set: the first to answer enters at once.
 *
 * Every change is a fact, `SelectionMoved`, with the reason of each move.
 */
import * as Candidates from "../candidates.ts"
import * as Ordered from "../data/Ordered.ts"
import * as Vector from "../data/Vector.ts"
import type { Candidate, CandidateId, UpstreamId } from "../model/Candidate.ts"
import type { UpstreamConfig } from "../model/Config.ts"
import type { Move, MoveReason } from "../model/Decision.ts"
import type { State } from "../model/State.ts"
import type { Step } from "../model/Step.ts"
import type { Upstream } from "../model/Upstream.ts"
import * as Upstreams from "../upstreams.ts"
import { scoreOf } from "./score.ts"

const MOST_PASSED_OVER = 64

export function selector(state: State, step: Step): State {
  let next = state
  const due = new Set<UpstreamId>()
  for (const { kind, id } of step.due) if (kind === "evaluate") due.add(id)
  for (const id of due) step.touched.add(id)
  for (const id of step.touched) {
    const upstream = Upstreams.find(next, id)
    if (upstream !== undefined) next = consider(next, step, upstream)
  }
  return next
}

function consider(state: State, step: Step, upstream: Upstream): State {
  const config = Upstreams.configOf(state, upstream.id)
  const readyUs = upstream.evaluatedAtUs < 0 ? step.at : upstream.evaluatedAtUs + config.selector.evaluationIntervalMs * 1000
  if (step.at >= readyUs || isUrgent(state, upstream, config)) return evaluate(state, step, upstream, config)
  return Upstreams.replace(state, upstream, { ...upstream, evaluateDueUs: readyUs })
}

function isUrgent(state: State, upstream: Upstream, config: UpstreamConfig): boolean {
  return upstream.members.length < config.selector.activeSetSize
    || upstream.members.some((id) => refusal(Candidates.find(state, id), config) !== null)
}

function evaluate(state: State, step: Step, upstream: Upstream, config: UpstreamConfig): State {
  const members = cheapest(state, upstream, config)
  const evaluated: Upstream = { ...upstream, evaluatedAtUs: step.at, evaluateDueUs: -1 }
  if (sameOrder(members, upstream.members)) return Upstreams.replace(state, upstream, evaluated)
  const moves = movesBetween(state, upstream, members, config)
  if (moves.length === 0) return Upstreams.replace(state, upstream, { ...evaluated, members })
  step.decisions.push({ _tag: "SelectionMoved", upstream: upstream.id, members, moves })
  return Upstreams.replace(state, upstream, { ...evaluated, members, selectedAtUs: step.at })
}

/** The set by the rule, cheapest first. */
function cheapest(state: State, upstream: Upstream, config: UpstreamConfig): ReadonlyArray<CandidateId> {
  const chosen: Array<{ readonly id: CandidateId; readonly costMs: number }> = []
  let passedOver = 0
  Ordered.visit(Vector.get(state.index.rankings, upstream.id) ?? null, (cost, id) => {
    const last = chosen[config.selector.activeSetSize - 1]
    if (last !== undefined && cost > last.costMs) return false
    if (refusal(Candidates.find(state, id), config) !== null) return ++passedOver < MOST_PASSED_OVER
    chosen.push({ id, costMs: cost })
    return chosen.length < config.selector.activeSetSize + MOST_PASSED_OVER
  })
  const rank = (id: CandidateId) => (upstream.members.includes(id) ? 0 : 1)
  chosen.sort((a, b) => a.costMs - b.costMs || rank(a.id) - rank(b.id) || a.id - b.id)
  return chosen.slice(0, config.selector.activeSetSize).map(({ id }) => id)
}

/** Why a candidate may not be in the set; null when it may. */
export function refusal(candidate: Candidate | undefined, config: UpstreamConfig): MoveReason | null {
  if (candidate === undefined) return "left"
  if (candidate.costMs < 0) return candidate.latency.atUs < 0 ? "unmeasured" : "expired"
  if (!candidate.lastSampleOk) return "failing"
  return scoreOf(candidate.costMs, config.scoring.referenceMs) < config.selector.minScore ? "score" : null
}

function movesBetween(
  state: State,
  upstream: Upstream,
  members: ReadonlyArray<CandidateId>,
  config: UpstreamConfig
): ReadonlyArray<Move> {
  const wasFull = upstream.members.length >= config.selector.activeSetSize
  const out: Array<Move> = upstream.members.filter((id) => !members.includes(id)).map((id) => {
    const candidate = Candidates.find(state, id)
    return { candidate: id, into: false, reason: refusal(candidate, config) ?? "costlier", costMs: candidate?.costMs ?? -1 }
  })
  const displacing = wasFull && out.some((move) => move.reason === "costlier")
  const into: Array<Move> = members.filter((id) => !upstream.members.includes(id)).map((id) => ({
    candidate: id,
    into: true,
    reason: displacing ? "cheaper" : "filled",
    costMs: Candidates.find(state, id)?.costMs ?? -1
  }))
  return [...out, ...into]
}

function sameOrder(a: ReadonlyArray<CandidateId>, b: ReadonlyArray<CandidateId>): boolean {
  return a.length === b.length && a.every((id, i) => id === b[i])
}
