/**
 * Cost: what was measured of a candidate, and what a client should expect to pay for a connection to it, in milliseconds.
 *
 *   cost = (latency + jitterWeight x jitter) / max(success, 0.05)^successExponent + penalty - reward, never below 0
 *
 * - Samples: answers within max(2 s, interval / 2) after the last sample gather in a sample window. When the window ends,
 *   they count as one sample, their median. An answer after a quiet window is a sample at once, and so is the first answer.
 *   So a busy member is not judged by more noise than an idle challenger. Of more than 32 answers the least and the greatest
 *   leave together, which does not move the median.
 * - latency: time-decayed average of samples. A higher sample raises it at once.
 * - jitter: average of |sample - latency before it|, 0 at the first sample.
 * - success: (s + 1) / (s + f + 1) over ten buckets of `successWindow`. The floor of 0.05 keeps the cost of a dead candidate
 *   comparable (at most twenty times its latency, exponent 1).
 * - penalty: see blame.ts.
 * - reward: `historyReward` in full after 20 successes without a failure, in proportion before.
 * - baseline: harmonic mean of the samples over `habitDecay`. The harmonic mean shows the latency at most times, and spikes
 *   do not raise it much.
 * - forecast: the cost with `habitWeight` of the latency replaced by the baseline. Latencies jump, stay for a while and come
 *   back, so the price of a choice is a mix of both. A steady candidate has a forecast equal to its cost.
 *
 * `score` = 100 x reference / (reference + cost) is for people and for `minScore`. Candidates are ranked by cost.
 *
 * This file alone writes these fields. reducers/score.ts decides what a sample is and when a cost is computed.
 */
import { decay } from "../math/decay.ts"
import * as Ewma from "../math/Ewma.ts"
import type { Baseline, Candidate } from "../model/Candidate.ts"
import type { Scoring, UpstreamConfig } from "../model/Config.ts"
import type { Prior } from "../model/History.ts"
import * as Blame from "./blame.ts"

const MOST_SAMPLES = 32
const SUCCESS_FLOOR = 0.05
const FULL_REWARD_STREAK = 20
const LEAST_WINDOW_MS = 2000
/** A sample of 0 would keep the harmonic mean at 0 for good. */
const LEAST_WINDOW_VALUE_MS = 0.1

/** The candidate has a new sample. `isResent`: it answered a repeated SYN. */
export function sampled(candidate: Candidate, atUs: number, expireDueUs: number, isResent: boolean): Candidate {
  return { ...candidate, lastSampleAtUs: atUs, expireDueUs, resentAtUs: isResent ? atUs : -1 }
}

/** It answered after `tookMs`. The latency follows from the median of a window. */
export function succeeded(known: Candidate, tookMs: number, config: UpstreamConfig, atUs: number): Candidate {
  const { scoring } = config
  const counted = Blame.succeeded(known, scoring, atUs)
  // Successes take blame away, so the cost changes with each of them, and not only with the next sample.
  const candidate = known.fadeDueUs < 0 ? counted : repriced(counted, scoring, atUs)
  const windowEndUs = candidate.windowClosedAtUs + sampleWindowUs(config)
  if (candidate.costMs < 0 || candidate.windowClosedAtUs < 0 || (candidate.windowDueUs < 0 && atUs >= windowEndUs)) {
    return addWindow({ ...candidate, sampleWindow: [], windowDueUs: -1 }, tookMs, config.scoring, atUs)
  }
  return {
    ...candidate,
    sampleWindow: addSample(candidate.sampleWindow, tookMs),
    windowDueUs: candidate.windowDueUs < 0 ? windowEndUs : candidate.windowDueUs
  }
}

/** It answered, but the time of the answer says nothing about its latency. */
export function alive(candidate: Candidate, scoring: Scoring, atUs: number): Candidate {
  return repriced(Blame.succeeded(candidate, scoring, atUs), scoring, atUs)
}

/** It answered a repeated SYN. */
export function lost(candidate: Candidate, scoring: Scoring, atUs: number): Candidate {
  return repriced(Blame.lost(candidate, scoring, atUs), scoring, atUs)
}

/** It failed, where the latencies of the upstream differ by `spreadMs`. */
export function failed(candidate: Candidate, scoring: Scoring, atUs: number, spreadMs: number): Candidate {
  return repriced(Blame.blamed(candidate, scoring, atUs, spreadMs), scoring, atUs)
}

/** Old successes may leave the window before a failure does. Time alone must not raise a cost. */
export function faded(candidate: Candidate, scoring: Scoring, atUs: number): Candidate {
  const after = repriced(Blame.faded(candidate, scoring, atUs), scoring, atUs)
  const { costMs, forecastMs } = candidate
  return after.costMs <= costMs ? after : { ...after, costMs, forecastMs }
}

/** Its sample window ends: the median of the answers in it is one sample. */
export function windowClosed(candidate: Candidate, config: UpstreamConfig, atUs: number): Candidate {
  const closed: Candidate = { ...candidate, sampleWindow: [], windowDueUs: -1 }
  return candidate.sampleWindow.length === 0
    ? closed
    : addWindow(closed, median(candidate.sampleWindow), config.scoring, atUs)
}

/** Its cost is unknown again. */
export function expired(candidate: Candidate): Candidate {
  return { ...candidate, expireDueUs: -1, windowDueUs: -1, fadeDueUs: -1, sampleWindow: [], costMs: -1, forecastMs: -1 }
}

/** It is not measured at all. */
export function unmeasured(candidate: Candidate): Candidate {
  return { ...expired(candidate), lastSampleAtUs: -1 }
}

/** Its cost expires then. */
export function expireDue(candidate: Candidate, expireDueUs: number): Candidate {
  return { ...candidate, expireDueUs }
}

/** Its blame is looked at then. */
export function fadeDue(candidate: Candidate, fadeDueUs: number): Candidate {
  return { ...candidate, fadeDueUs }
}

/** The next sample replaces its latency. A candidate without one must not look as if it had answered after 0 ms. */
export function outdated(candidate: Candidate): Candidate {
  const { latency } = candidate
  return latency.atUs < 0 ? candidate : { ...candidate, latency: { ...latency, atUs: 0 } }
}

/** An earlier run knew this prior. */
export function recalled(candidate: Candidate, prior: Prior): Candidate {
  return { ...candidate, prior }
}

/** As if one more sample had given it this cost and forecast: for explanations (explain/needs.ts). */
export function supposed(candidate: Candidate, costMs: number, forecastMs: number): Candidate {
  return { ...candidate, costMs, forecastMs, windowClosedAtUs: candidate.windowClosedAtUs + 1 }
}

function addWindow(candidate: Candidate, windowMs: number, scoring: Scoring, atUs: number): Candidate {
  const first = candidate.latency.atUs < 0
  const gapMs = windowMs < candidate.latency.value ? candidate.latency.value - windowMs : windowMs - candidate.latency.value
  const updated: Candidate = {
    ...candidate,
    baseline: baselineWith(candidate.baseline, windowMs, scoring, atUs),
    latency: Ewma.addPeak(candidate.latency, windowMs, atUs, scoring.decayMs),
    jitter: Ewma.add(candidate.jitter, first ? 0 : gapMs, atUs, scoring.jitterDecayMs),
    windowClosedAtUs: atUs
  }
  return priced(updated, scoring, atUs)
}

/** Adds a sample to the harmonic mean. The first samples count alike, then the past fades over `habitDecay`. */
function baselineWith(baseline: Baseline, windowMs: number, { habitDecayMs }: Scoring, atUs: number): Baseline {
  const samples = baseline.samples + 1
  const fading = baseline.samples === 0 ? 1 : 1 - decay((atUs - baseline.atUs) / 1000, habitDecayMs)
  const weight = fading > 1 / samples ? fading : 1 / samples
  const inverse = 1 / (windowMs > LEAST_WINDOW_VALUE_MS ? windowMs : LEAST_WINDOW_VALUE_MS)
  return { inverse: baseline.inverse + weight * (inverse - baseline.inverse), samples, atUs }
}

/** Computes the cost under the present numbers. A candidate without a cost gets none. */
export function repriced(candidate: Candidate, scoring: Scoring, atUs: number): Candidate {
  return candidate.costMs < 0 ? candidate : priced(candidate, scoring, atUs)
}

/** Computes the cost and the forecast as of now. */
function priced(candidate: Candidate, scoring: Scoring, atUs: number): Candidate {
  const { latency, baseline } = candidate
  const forecastLatencyMs = (1 - scoring.habitWeight) * latency.value + scoring.habitWeight / baseline.inverse
  return {
    ...candidate,
    fadeDueUs: Blame.fadeDueUs(candidate, scoring, atUs),
    costMs: costMs(candidate, scoring, atUs),
    forecastMs: costMs(candidate, scoring, atUs, forecastLatencyMs)
  }
}

/** Whether it is in its first sample window: one answer alone makes its latency. */
export function isYoung({ baseline }: Candidate): boolean {
  return baseline.samples === 1
}

/** The median of all answers of a candidate in its first sample window. */
export function medianMs({ latency, sampleWindow }: Candidate): number {
  return median(addSample(sampleWindow, latency.value))
}

/** How long answers gather after a sample, in µs. */
function sampleWindowUs(config: UpstreamConfig): number {
  const half = config.probing.intervalMs / 2
  return (half > LEAST_WINDOW_MS ? half : LEAST_WINDOW_MS) * 1000
}

/** What a cost is made of: (latency + jitter) / divisor + penalty - reward. */
export interface CostParts {
  readonly latencyMs: number
  /** The jitter, weighted. */
  readonly jitterMs: number
  /** The success rate, at least its floor, to the power of `successExponent`. */
  readonly divisor: number
  readonly penaltyMs: number
  readonly rewardMs: number
}

/** The formula above, for a measured candidate at one moment. */
export function costMs(
  candidate: Candidate,
  scoring: Scoring,
  atUs: number,
  latencyMs: number = candidate.latency.value
): number {
  const { jitterMs, divisor, penaltyMs, rewardMs } = costParts(candidate, scoring, atUs)
  const cost = (latencyMs + jitterMs) / divisor + penaltyMs - rewardMs
  return cost > 0 ? cost : 0
}

export function costParts(candidate: Candidate, scoring: Scoring, atUs: number): CostParts {
  const streak = candidate.streak < FULL_REWARD_STREAK ? candidate.streak : FULL_REWARD_STREAK
  return {
    latencyMs: candidate.latency.value,
    jitterMs: scoring.jitterWeight * candidate.jitter.value,
    divisor: divisorOf(Blame.successRate(candidate, scoring, atUs), scoring),
    penaltyMs: Blame.penaltyMs(candidate, scoring, atUs),
    rewardMs: scoring.historyRewardMs * (streak / FULL_REWARD_STREAK)
  }
}

/** The part of the formula that measurements alone decide: without penalty and reward. */
export function expectedMs(latencyMs: number, jitterMs: number, rate: number, scoring: Scoring): number {
  return (latencyMs + scoring.jitterWeight * jitterMs) / divisorOf(rate, scoring)
}

function divisorOf(rate: number, { successExponent }: Scoring): number {
  const success = rate > SUCCESS_FLOOR ? rate : SUCCESS_FLOOR
  let divisor = 1
  for (let i = 0; i < successExponent; i++) divisor *= success
  return divisor
}

/** From 0 (hopeless) to 100 (free). */
export function scoreOf(costMs: number, referenceMs: number): number {
  return (100 * referenceMs) / (referenceMs + costMs)
}

function addSample(samples: ReadonlyArray<number>, tookMs: number): ReadonlyArray<number> {
  const index = samples.findIndex((other) => other > tookMs)
  const more = samples.toSpliced(index < 0 ? samples.length : index, 0, tookMs)
  return more.length > MOST_SAMPLES ? more.slice(1, -1) : more
}

function median(ascending: ReadonlyArray<number>): number {
  const middle = Math.floor(ascending.length / 2)
  const upper = ascending[middle] as number
  return ascending.length % 2 === 1 ? upper : ((ascending[middle - 1] as number) + upper) / 2
}
