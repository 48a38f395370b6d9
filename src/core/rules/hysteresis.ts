/**
 * Hysteresis: when a challenger replaces the costliest member, so that the set does not flap.
 *
 * - It may under three conditions:
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
 *   entered in this evaluation. An evaluation counts for the eight cheapest challengers.
 * - A member that left because it failed was *displaced*. When it may enter again and is cheaper, now and by its
 *   forecast, it returns at once, without margin, confirmations and hold. Hysteresis is for candidates that are about
 *   as good, and the breaker limits how often this may happen.
 * - Members that filled an empty set are provisional for one `interval`: they answered first and were not chosen. A
 *   challenger that is cheaper, now and by its forecast, replaces one without margin, confirmations and hold.
 * - On equal terms a member stays: an equal cost is not more by a margin.
 */
import * as Candidates from "../candidates.ts"
import type { Candidate, CandidateId } from "../model/Candidate.ts"
import type { UpstreamConfig } from "../model/Config.ts"
import type { State } from "../model/State.ts"
import type { Challenge, Upstream } from "../model/Upstream.ts"
import type { Set } from "../upstream/departed.ts"
import { costliest, enter, leave } from "./changingSet.ts"
import { eachEntrant, isPoor } from "./eligible.ts"

/** How many challengers have their confirmations counted at a time. */
const MOST_CHALLENGES = 8

/** What an evaluation knows of its upstream. */
export interface Evaluating {
  readonly atUs: number
  readonly upstream: Upstream
  readonly config: UpstreamConfig
  readonly set: Set
}

/** One challenger against the member that would leave. */
export interface Comparison {
  readonly challenger: Candidate
  readonly challenge: Challenge
  /** By how much the member costs more, and by how much it must: by forecast, and by cost. */
  readonly byForecastMs: number
  readonly forecastLimitMs: number
  readonly byCostMs: number
  readonly costLimitMs: number
  /** Neither margin, confirmations nor hold apply. */
  readonly isFree: boolean
  readonly ready: boolean
}

/** What became of the challengers of one evaluation. */
export interface Challenged {
  /** Those that go on being counted. */
  readonly challenges: ReadonlyArray<Challenge>
  /** All that were compared with the costliest member. */
  readonly compared: ReadonlyArray<CandidateId>
}

/** Counts confirmations and swaps the challengers that have enough. */
export function challenge(state: State, evaluating: Evaluating): Challenged {
  const { atUs, upstream, config, set } = evaluating
  if (set.members.length < config.selector.activeSetSize) return { challenges: [], compared: [] }
  const challengers: Array<Candidate> = []
  eachEntrant(state, upstream, config, set, (challenger) => {
    if (challenger.costMs < costliest(set).costMs) challengers.push(challenger)
    return challengers.length < MOST_CHALLENGES && challenger.costMs < costliest(set).costMs
  })
  const judged = challengers.map((challenger) => compare(evaluating, costliest(set), challenger))
  const ready = judged.filter(({ ready }) => ready).map(({ challenger }) => challenger)
  ready.sort((a, b) => a.forecastMs - b.forecastMs || a.costMs - b.costMs || a.id - b.id)
  let swaps = 0
  for (const challenger of ready) {
    const member = costliest(set)
    if (swaps >= config.selector.switching.swapsPerEvaluation || set.moves.some((one) => one.candidate === member.id)) break
    if (!isFree(evaluating, member, challenger) && heldForUs(evaluating, member) > 0) continue
    if (swaps > 0 && !compare(evaluating, member, challenger).ready) continue
    swaps++
    leave(set, member, member.streak === 0 || Candidates.isSuspect(member) ? "failing" : "costlier")
    enter(set, challenger, "cheaper", atUs)
  }
  return {
    // After a swap each challenger faces another member, so the count starts anew.
    challenges: swaps > 0 ? [] : judged.map(({ challenge }) => challenge).filter((one) => one.count + one.standing > 0),
    compared: challengers.map(({ id }) => id)
  }
}

/** Whether the challenger needs no margin, confirmations and hold against this member. */
function isFree({ atUs, upstream, config, set }: Evaluating, member: Candidate, { id }: Candidate): boolean {
  const isProvisional = set.sinceUs.get(member.id) === upstream.filledAtUs
    && atUs - upstream.filledAtUs <= config.probing.intervalMs * 1000
  return isProvisional || upstream.displaced.includes(id)
}

/** Compares one challenger with the member that would leave. */
export function compare(evaluating: Evaluating, member: Candidate, challenger: Candidate): Comparison {
  const { upstream, config } = evaluating
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
  const free = isFree(evaluating, member, challenger)
  const ready = (free && byForecastMs > 0 && byCostMs > 0) || challenge.count >= confirmations
    || challenge.standing >= standing
    || byForecastMs > 2 * forecastLimitMs || byCostMs > 2 * costLimitMs
  return { challenger, challenge, byForecastMs, forecastLimitMs, byCostMs, costLimitMs, isFree: free, ready }
}

/** For how long `hold` still keeps a member, in µs; 0: it may be replaced. */
export function heldForUs({ atUs, config, set }: Omit<Evaluating, "upstream">, member: Candidate): number {
  if (Candidates.isSuspect(member) || isPoor(member, config)) return 0
  const leftUs = config.selector.switching.holdMs * 1000 - (atUs - (set.sinceUs.get(member.id) ?? -1))
  return leftUs > 0 ? leftUs : 0
}

/** By how much a member must cost more than a challenger at this price, in ms. */
function marginMs(priceMs: number, config: UpstreamConfig): number {
  const { marginMs, marginPercent } = config.selector.switching
  const share = (marginPercent / 100) * priceMs
  return share > marginMs ? share : marginMs
}
