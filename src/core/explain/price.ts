/**
 * Price: the cost at which a candidate would be taken. The rules of hysteresis (rules/hysteresis.ts), solved for the cost of the
 * challenger. A candidate is supposed to have a cost, and the rules themselves tell whether that is enough.
 */
import * as Cost from "../candidate/cost.ts"
import type { Candidate } from "../model/Candidate.ts"
import type { UpstreamConfig } from "../model/Config.ts"
import type { Challenge } from "../model/Upstream.ts"
import type { Evaluating } from "../rules/hysteresis.ts"
import { compare } from "../rules/hysteresis.ts"
import * as ActiveSet from "../upstream/activeSet.ts"

/** A bound is strict: a cost has to be below it. This much below counts as below. */
export const HAIR_MS = 1e-6
/** More samples than any configuration asks for. */
const MOST_SAMPLES = 1_000

export interface Price {
  readonly belowMs: number
  /** Samples at that cost. */
  readonly samples: number
}

/** The highest cost at which the score is at least `minScore`. */
export function admittedMs({ scoring, selector }: UpstreamConfig): number {
  const { minScore } = selector
  return minScore === 0 ? Number.POSITIVE_INFINITY : scoring.referenceMs * (100 / minScore - 1)
}

/** The costs below which the candidate replaces this member, the dearest first. Those of 0 and less are none. */
export function pricesOf(among: Evaluating, member: Candidate, candidate: Candidate): ReadonlyArray<Price> {
  const { costMs, forecastMs } = member
  const found = [costMs, beyond(costMs, 1, among.config), beyond(costMs, 2, among.config)]
  // The forecast of a candidate without a cost is its cost, so the forecast of the member is a bound as well.
  if (candidate.costMs < 0) found.push(...[0, 1, 2].map((times) => least(costMs, beyond(forecastMs, times, among.config))))
  const prices = found.map((belowMs) => ({ belowMs, samples: samplesAt(among, member, candidate, belowMs - HAIR_MS) }))
  const possible = prices.filter(({ belowMs, samples }) => belowMs > HAIR_MS && samples !== Number.POSITIVE_INFINITY)
  return possible.sort((a, b) => b.belowMs - a.belowMs || a.samples - b.samples)
}

/** How many samples at this cost replace the member; infinite: no number of them does. */
export function samplesAt(among: Evaluating, member: Candidate, candidate: Candidate, costMs: number): number {
  if (costMs >= member.costMs) return Number.POSITIVE_INFINITY
  const { atUs, config, set } = among
  let { upstream } = among
  let one = candidate
  let last: Challenge | undefined
  for (let samples = 1; samples <= MOST_SAMPLES; samples++) {
    one = supposed(one, costMs, candidate.costMs < 0)
    const { ready, challenge } = compare({ atUs, upstream, config, set }, member, one)
    if (ready) return samples
    if (challenge.count === last?.count && challenge.standing === last.standing) break
    last = challenge
    upstream = ActiveSet.withChallenges(upstream, [challenge])
  }
  return Number.POSITIVE_INFINITY
}

/** The candidate after one more sample, with this cost. `anew`: its forecast is the same. */
export function supposed(candidate: Candidate, costMs: number, anew: boolean): Candidate {
  return Cost.supposed(candidate, costMs, anew ? costMs : candidate.forecastMs)
}

/** The least cost of a member above which a challenger at this cost replaces it, once it has been cheaper for long enough. */
export function aboveMs(costMs: number, { selector }: UpstreamConfig): number {
  const { marginMs, marginPercent } = selector.switching
  return costMs + most(marginMs, (marginPercent / 100) * costMs)
}

/** The bound of costs that are better than this one by more than so many margins. */
function beyond(costMs: number, margins: number, { selector }: UpstreamConfig): number {
  const { marginMs, marginPercent } = selector.switching
  return least(costMs - margins * marginMs, costMs / (1 + (margins * marginPercent) / 100))
}

function least(a: number, b: number): number {
  return a < b ? a : b
}

function most(a: number, b: number): number {
  return a > b ? a : b
}
