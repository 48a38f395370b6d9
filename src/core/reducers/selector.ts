/**
 * Selection: it chooses the active set, the candidates that serve, without flapping.
 *
 * A candidate may enter the set when:
 * - it is measured and not expired, its breaker is closed, and it is no suspect;
 * - it has proven its identity, where its upstream wants that;
 * - its score is at least `minScore`.
 *
 * How a candidate enters:
 * - A set with free places is filled at once, the cheapest first. At the first start the first candidate that answers
 *   enters.
 * - A challenger may replace the costliest member under three conditions:
 *   - it is cheaper now;
 *   - the member has been in the set for `hold` (waived when the member is a suspect or below `minScore`);
 *   - the gap between the two is large enough.
 * - The gap is large enough in any of three cases. In each it is more than the margin, max(`margin`, `marginPercent` of
 *   the challenger's cost or forecast):
 *   - by forecast, in `confirmations` consecutive evaluations, each with a newer sample of the challenger (waived for a
 *     gap of more than twice the margin);
 *   - by cost, in `standing` such evaluations: a new level that stays counts for more than memory;
 *   - by cost, by more than twice the margin: such a difference counts for more than memory at once.
 * - So memory can delay a move to a challenger that is good only briefly, and can never forbid one. Among several the
 *   lowest forecast wins. At most `swapsPerEvaluation` enter at a time, and none once the costliest member has itself
 *   entered in this evaluation.
 * - A member that left because it failed was *displaced*. When it may enter again and is cheaper, now and by its
 *   forecast, it returns at once, without margin, confirmations and hold. Hysteresis is for candidates that are about
 *   as good, and the breaker limits how often this may happen.
 * - Members that filled an empty set are provisional for one `interval`: they answered first and were not chosen. A
 *   challenger that is cheaper, now and by its forecast, replaces one without margin, confirmations and hold.
 * - On equal terms a member stays, and then the lower id wins: an equal cost is not more by a margin.
 *
 * How a member leaves:
 * - It leaves at once when its breaker opened, its identity failed, it left the list or it expired. Margin, hold and
 *   swaps do not apply.
 * - Expired members are remembered for `staleFor`, as many as the set is large. They serve as stale while no other can.
 * - When the set was made smaller, the costliest leave. In a local outage a set changes only when a member left the
 *   list (outage.ts).
 *
 * When the set is evaluated:
 * - At once when a member must leave or a place is free. Else `evaluationInterval` after the first change of a cost
 *   since the last evaluation, so that the answers of one round are judged together.
 * - The ranking is ordered by cost. So an evaluation looks at the members and the eight cheapest challengers, never at
 *   the whole list, and past at most 64 candidates that may not enter.
 *
 * Every change is a fact, `SelectionMoved`, with the reason of each move.
 */
import { scoreOf } from "../candidate/cost.ts"
import * as Candidates from "../candidates.ts"
import { isFrozen } from "../frozen.ts"
import { isVouched } from "../candidate/identity.ts"
import type { Candidate, UpstreamId } from "../model/Candidate.ts"
import type { UpstreamConfig } from "../model/Config.ts"
import type { MoveReason } from "../model/Decision.ts"
import type { State } from "../model/State.ts"
import type { Step } from "../model/Step.ts"
import type { Challenge, Upstream } from "../model/Upstream.ts"
import { decide, markDirty } from "../requests.ts"
import * as ActiveSet from "../upstream/activeSet.ts"
import type { Set } from "../upstream/departed.ts"
import { displacedAfter, staleAfter } from "../upstream/departed.ts"
import * as Upstreams from "../upstreams.ts"

const MOST_PASSED_OVER = 64
/** How many challengers have their confirmations counted at a time. */
const MOST_CHALLENGES = 8

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
  const members = upstream.members.map((id) => Candidates.find(state, id))
  const frozen = members.some((one) => one !== undefined && isFrozen(state, one))
  if (frozen && members.every((one) => mustGo(one) === null)) {
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
  const set = incumbents(state, upstream)
  trim(config, set)
  fill(state, step, upstream, config, set)
  const challenges = challenge(state, step, upstream, config, set)
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

/** The members that may stay. */
function incumbents(state: State, upstream: Upstream): Set {
  const set: Set = { members: [], sinceUs: new Map(), moves: [] }
  upstream.members.forEach((id, i) => {
    const candidate = Candidates.find(state, id)
    const reason = mustGo(candidate)
    if (candidate === undefined || reason !== null) {
      set.moves.push({ candidate: id, into: false, reason: reason ?? "left", costMs: candidate?.costMs ?? -1 })
    } else {
      set.members.push(candidate)
      set.sinceUs.set(id, upstream.memberSinceUs[i] ?? -1)
    }
  })
  return set
}

/** Removes the costliest members of a set that was made smaller. */
function trim(config: UpstreamConfig, set: Set): void {
  while (set.members.length > config.selector.activeSetSize) {
    const member = costliest(set)
    set.members.splice(set.members.indexOf(member), 1)
    set.moves.push({ candidate: member.id, into: false, reason: "surplus", costMs: member.costMs })
  }
}

/** Fills free places with the cheapest candidates that may enter. */
function fill(state: State, step: Step, upstream: Upstream, config: UpstreamConfig, set: Set): void {
  if (set.members.length >= config.selector.activeSetSize) return
  eachEntrant(state, upstream, config, set, (candidate) => {
    enter(step, set, candidate, "filled")
    return set.members.length < config.selector.activeSetSize
  })
}

/** Counts confirmations and swaps the challengers that have enough. Returns the challenges that remain. */
function challenge(
  state: State,
  step: Step,
  upstream: Upstream,
  config: UpstreamConfig,
  set: Set
): ReadonlyArray<Challenge> {
  if (set.members.length < config.selector.activeSetSize) return []
  const challengers: Array<Candidate> = []
  eachEntrant(state, upstream, config, set, (challenger) => {
    if (challenger.costMs < costliest(set).costMs) challengers.push(challenger)
    return challengers.length < MOST_CHALLENGES && challenger.costMs < costliest(set).costMs
  })
  const provisional = (member: Candidate) =>
    set.sinceUs.get(member.id) === upstream.filledAtUs && step.at - upstream.filledAtUs <= config.probing.intervalMs * 1000
  const isFree = (member: Candidate, { id }: Candidate) => provisional(member) || upstream.displaced.includes(id)
  const judgeOf = (member: Candidate, challenger: Candidate) =>
    judge(upstream, config, member, challenger, isFree(member, challenger))
  const judged = challengers.map((challenger) => judgeOf(costliest(set), challenger))
  const ready = judged.filter(({ ready }) => ready).map(({ challenger }) => challenger)
  ready.sort((a, b) => a.forecastMs - b.forecastMs || a.costMs - b.costMs || a.id - b.id)
  let swaps = 0
  for (const challenger of ready) {
    const member = costliest(set)
    if (swaps >= config.selector.switching.swapsPerEvaluation || set.moves.some((one) => one.candidate === member.id)) break
    if (!isFree(member, challenger) && !mayBeReplaced(step, config, set, member)) continue
    if (swaps > 0 && !judgeOf(member, challenger).ready) continue
    swaps++
    set.members.splice(set.members.indexOf(member), 1)
    const reason = member.streak === 0 || Candidates.isSuspect(member) ? "failing" : "costlier"
    set.moves.push({ candidate: member.id, into: false, reason, costMs: member.costMs })
    enter(step, set, challenger, "cheaper")
  }
  // After a swap each challenger faces another member, so the count starts anew.
  return swaps > 0 ? [] : judged.map(({ challenge }) => challenge).filter((one) => one.count + one.standing > 0)
}

interface Judged {
  readonly challenger: Candidate
  readonly challenge: Challenge
  readonly ready: boolean
}

/** One challenger against the member that would leave. */
function judge(
  upstream: Upstream,
  config: UpstreamConfig,
  member: Candidate,
  challenger: Candidate,
  isFree: boolean
): Judged {
  const { confirmations, standing } = config.selector.switching
  const known = upstream.challenges.find(({ candidate }) => candidate === challenger.id)
  const newer = known === undefined || challenger.windowClosedAtUs > known.windowAtUs ? 1 : 0
  const byForecastMs = member.forecastMs - challenger.forecastMs
  const byCostMs = member.costMs - challenger.costMs
  const forecastLimitMs = marginMs(challenger.forecastMs, config)
  const costLimitMs = marginMs(challenger.costMs, config)
  const challenge: Challenge = {
    candidate: challenger.id,
    count: byForecastMs > forecastLimitMs ? (known?.count ?? 0) + newer : 0,
    standing: byCostMs > costLimitMs ? (known?.standing ?? 0) + newer : 0,
    windowAtUs: challenger.windowClosedAtUs
  }
  const ready = (isFree && byForecastMs > 0 && byCostMs > 0) || challenge.count >= confirmations
    || challenge.standing >= standing
    || byForecastMs > 2 * forecastLimitMs || byCostMs > 2 * costLimitMs
  return { challenger, challenge, ready }
}

function mayBeReplaced(step: Step, config: UpstreamConfig, set: Set, member: Candidate): boolean {
  const sinceUs = set.sinceUs.get(member.id) ?? -1
  return step.at - sinceUs >= config.selector.switching.holdMs * 1000 || Candidates.isSuspect(member)
    || isPoor(member, config)
}

/** By how much a member must cost more than a challenger at this price, in ms. */
export function marginMs(priceMs: number, config: UpstreamConfig): number {
  const { marginMs, marginPercent } = config.selector.switching
  const share = (marginPercent / 100) * priceMs
  return share > marginMs ? share : marginMs
}

/** The member that leaves first: the costliest, and among equals the one with the higher id. */
function costliest(set: Set): Candidate {
  return set.members.reduce((worst, one) =>
    one.costMs > worst.costMs || (one.costMs === worst.costMs && one.id > worst.id) ? one : worst
  )
}

function enter(step: Step, set: Set, candidate: Candidate, reason: MoveReason): void {
  set.members.push(candidate)
  set.sinceUs.set(candidate.id, step.at)
  set.moves.push({ candidate: candidate.id, into: true, reason, costMs: candidate.costMs })
}

/** Candidates outside the set that may enter, the cheapest first, until `each` has enough. */
function eachEntrant(
  state: State,
  upstream: Upstream,
  config: UpstreamConfig,
  set: Set,
  each: (candidate: Candidate) => boolean
): void {
  let passedOver = 0
  Candidates.visitRanked(state, upstream.id, (id) => {
    const candidate = Candidates.find(state, id)
    if (candidate === undefined || set.sinceUs.has(id)) return true
    if (refusal(candidate, config) !== null || Candidates.isSuspect(candidate)) return ++passedOver < MOST_PASSED_OVER
    return each(candidate)
  })
}

/** Why a member cannot stay; null when it can. */
function mustGo(candidate: Candidate | undefined): MoveReason | null {
  if (candidate === undefined || !Candidates.isListed(candidate)) return "left"
  if (!isVouched(candidate)) return "certificate"
  if (candidate.costMs < 0) return candidate.latency.atUs < 0 ? "unmeasured" : "expired"
  return candidate.breaker.state === "closed" ? null : "shut"
}

/** Why a candidate may not enter the set; null when it may. Suspicion is not looked at. */
export function refusal(candidate: Candidate | undefined, config: UpstreamConfig): MoveReason | null {
  const reason = mustGo(candidate)
  if (reason !== null || candidate === undefined) return reason
  return isPoor(candidate, config) ? "score" : null
}

function isPoor({ costMs }: Candidate, { scoring, selector }: UpstreamConfig): boolean {
  return scoreOf(costMs, scoring.referenceMs) < selector.minScore
}
