/**
 * Score: what a client should expect to pay for a connection to a candidate, in milliseconds.
 *
 *   cost = (latency + jitterWeight x jitter) / max(success, 0.05)^successExponent + penalty - reward, never below 0
 *
 * - Entries. Successful samples within max(2 s, interval / 2) after the last entry gather and enter as one, their median,
 *   when that window ends; a sample after a quiet window, hence also the first one, enters at once. So a busy member is
 *   not judged by more noise than an idle challenger. Of more than 32 gathered samples the least and the greatest leave
 *   together, which does not move the median.
 * - latency: time-decayed average of entries, raised at once by a higher entry. jitter: average of |entry - latency before
 *   it|, 0 at the first. success: (s + 1) / (s + f + 1) over ten buckets of `successWindow`; the floor of 0.05 keeps the
 *   cost of a dead candidate comparable (at most twenty times its latency, exponent 1).
 * - A handshake that only a repeated SYN explains (Karn's rule, see samples.ts) is evidence of loss, never of latency: it counts
 *   as a failure of the success rate and enters no average. The first sample of a candidate has nothing to be compared
 *   with: when it looks like that it waits for a second one.
 * - Blame is bounded and is worn off (blame.ts): by a penalty that fades, by successes in a row, and by the window. Reward:
 *   `historyReward` in full after 20 successes without a failure, in proportion before.
 * - The cost is computed when an entry enters, when a sample fails or wears blame off, and when blame has faded by a step.
 * - usual: harmonic mean of the entries over `habitDecay` (harmonic: how good it usually is, not dragged by the spikes). The
 *   outlook is the cost with `habitWeight` of the latency replaced by what is usual: latencies jump, stay for a while and
 *   come back, so the price of a choice is a mix of both. Steady candidates have an outlook equal to their cost.
 * - A candidate without a sample for `scoreTtl` is expired: its cost is unknown again (-1) until the next success;
 *   not while this machine's own network is down (outage.ts).
 *
 * `score` = 100 x reference / (reference + cost) is for people and for `minScore`; ranking uses cost.
 */
import * as Candidates from "../candidates.ts"
import { isExcused, isFailureExcused, isFrozen, isRushed } from "../frozen.ts"
import { isCheckDue } from "../identity.ts"
import { decay } from "../math/decay.ts"
import { blamed, faded, fadeDueUs, penaltyMs, successRate } from "../blame.ts"
import * as Ewma from "../math/Ewma.ts"
import * as SuccessWindow from "../math/SuccessWindow.ts"
import type { Baseline, Candidate } from "../model/Candidate.ts"
import type { Scoring, UpstreamConfig } from "../model/Config.ts"
import type { State } from "../model/State.ts"
import type { DeadlineKind, Sample, Step } from "../model/Step.ts"
import { markDirty } from "../requests.ts"
import { RESENT_MS, slowHandshakeMs } from "../slowHandshake.ts"
import { sampled } from "../upstream/list.ts"
import * as Upstreams from "../upstreams.ts"

const MOST_SAMPLES = 32
const SUCCESS_FLOOR = 0.05
const FULL_REWARD_STREAK = 20
/** Candidates whose latencies tell what is at stake: the cheapest. */
const MOST_COMPARED = 8
const LEAST_WINDOW_MS = 2000
/** An entry of nothing would make the harmonic mean nothing for good. */
const LEAST_WINDOW_VALUE_MS = 0.1

export function score(state: State, step: Step): State {
  let next = state
  for (const { kind, id } of step.due) {
    const candidate = kind === "window" || kind === "expire" || kind === "fade" ? Candidates.find(next, id) : undefined
    if (candidate === undefined) continue
    markDirty(step, candidate.upstream)
    const config = Candidates.configOf(next, candidate)
    next = Candidates.replace(
      next,
      candidate,
      atDeadline(kind, candidate, config, step.at, isFrozen(next, candidate), isExcused(next, id, step.at))
    )
  }
  for (const sample of step.samples) next = learn(next, step, sample)
  return next
}

function atDeadline(
  kind: DeadlineKind,
  candidate: Candidate,
  config: UpstreamConfig,
  atUs: number,
  frozen: boolean,
  isDown: boolean
): Candidate {
  if (kind === "window") return closeWindow(candidate, config, atUs)
  // While the network of this machine is down costs stand still.
  if (kind === "fade" && isDown) return { ...candidate, fadeDueUs: atUs + config.probing.intervalMs * 1000 }
  if (kind === "fade") return fadedPrice(candidate, config.scoring, atUs)
  return frozen ? { ...candidate, expireDueUs: atUs + config.scoreTtlMs * 1000 } : expired(candidate)
}

/** Old successes may leave the window before a failure does: time alone makes no candidate dearer. */
function fadedPrice(candidate: Candidate, scoring: Scoring, atUs: number): Candidate {
  const after = repriced(faded(candidate, scoring, atUs), scoring, atUs)
  const { costMs, forecastMs } = candidate
  return after.costMs <= costMs ? after : { ...after, costMs, forecastMs }
}

function learn(state: State, step: Step, sample: Sample): State {
  const before = Candidates.find(state, sample.candidate)
  // It left and was forgotten in this very step, to make room for another one.
  if (before === undefined) return state
  const config = Candidates.configOf(state, before)
  const sampled: Candidate = {
    ...before,
    lastSampleAtUs: step.at,
    resentAtUs: sample.isResent ? step.at : -1,
    expireDueUs: step.at + config.scoreTtlMs * 1000,
    ...dequeued(before, step.at)
  }
  const after = sample.failure !== null
    ? failed(sampled, config.scoring, step.at, spreadMs(state, before))
    : isOfOutage(state, before, sample, step.at)
    ? alive(sampled, config.scoring, step.at)
    : sample.isResent
    ? lost(sampled, before.lastSampleAtUs < 0, config, step.at)
    : succeed(sampled, sample.tookMs, config, step.at)
  // A cost that stays 0 may hide an entry, and the routes tell the latency and the patience for it as well.
  const updated = after.costMs !== before.costMs || after.latency !== before.latency
    || slowHandshakeMs(after) !== slowHandshakeMs(before)
  if (updated) markDirty(step, before.upstream)
  const next = Candidates.replace(state, before, after)
  return before.lastSampleAtUs >= 0 || !Candidates.isListed(before) ? next : firstAnswer(next, step, before)
}

/** Whether an answer tells only that the candidate lives: it waited for the end of an outage, or came in the rush after it. */
function isOfOutage(state: State, candidate: Candidate, { tookMs }: Sample, atUs: number): boolean {
  const beganUs = atUs - tookMs * 1000
  return (tookMs >= RESENT_MS && isFailureExcused(state, candidate.id, beganUs))
    || isRushed(state, candidate, tookMs, beganUs)
}

/** A fresh sample replaces the probe it waits for, but not the trial of a breaker, nor one that asks who it is. */
function dequeued(candidate: Candidate, atUs: number): Partial<Candidate> {
  return candidate.breaker.state === "closed" && !isCheckDue(candidate, atUs) ? { queue: "none", queuedAtUs: -1 } : {}
}

/** The first round of an upstream is over when every candidate has been tried. */
function firstAnswer(state: State, step: Step, before: Candidate): State {
  const upstream = Upstreams.find(state, before.upstream)
  if (upstream === undefined) return state
  const after = sampled(upstream, Candidates.isUntried(before))
  if (after.unsampled === 0 || after.untried === 0) markDirty(step, upstream.id)
  return Upstreams.replace(state, upstream, after)
}

/** A success that tells nothing of the latency. */
function alive(candidate: Candidate, scoring: Scoring, atUs: number): Candidate {
  const success = SuccessWindow.record(candidate.success, true, atUs, scoring.successWindowMs)
  return repriced({ ...candidate, success, streak: candidate.streak + 1 }, scoring, atUs)
}

/** Answered, but a packet was lost on the way. Of a candidate that was never measured a second sample has to tell. */
function lost(candidate: Candidate, isFirst: boolean, config: UpstreamConfig, atUs: number): Candidate {
  if (isFirst) return Candidates.isListed(candidate) ? Candidates.urgent(candidate, atUs) : candidate
  const { scoring } = config
  const success = SuccessWindow.record(candidate.success, false, atUs, scoring.successWindowMs)
  return repriced({ ...candidate, success, streak: 0 }, scoring, atUs)
}

function succeed(known: Candidate, tookMs: number, config: UpstreamConfig, atUs: number): Candidate {
  const { scoring } = config
  const success = SuccessWindow.record(known.success, true, atUs, scoring.successWindowMs)
  const counted: Candidate = { ...known, success, streak: known.streak + 1 }
  // Successes wear blame off: the cost follows each of them, and not only the next entry.
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

function failed(candidate: Candidate, scoring: Scoring, atUs: number, spread: number): Candidate {
  return repriced(blamed({ ...candidate, streak: 0 }, scoring, atUs, spread), scoring, atUs)
}

/** How far the nearest latencies of an upstream are apart, in ms: what a wrong choice among them costs. */
function spreadMs(state: State, { id: own, upstream, latency }: Candidate): number {
  let least = latency.atUs < 0 ? -1 : latency.value
  let greatest = least
  let looked = 0
  Candidates.visitRanked(state, upstream, (id) => {
    if (id === own) return true
    const { value } = (Candidates.find(state, id) as Candidate).latency
    if (least < 0 || value < least) least = value
    if (value > greatest) greatest = value
    return ++looked < MOST_COMPARED
  })
  return greatest - least
}

function closeWindow(candidate: Candidate, config: UpstreamConfig, atUs: number): Candidate {
  const closed: Candidate = { ...candidate, sampleWindow: [], windowDueUs: -1 }
  return candidate.sampleWindow.length === 0
    ? closed
    : addWindow(closed, median(candidate.sampleWindow), config.scoring, atUs)
}

export function expired(candidate: Candidate): Candidate {
  return { ...candidate, expireDueUs: -1, windowDueUs: -1, fadeDueUs: -1, sampleWindow: [], costMs: -1, forecastMs: -1 }
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

/** One more entry in the harmonic mean: of the first ones each counts alike, then the past fades over `habitDecay`. */
function baselineWith(baseline: Baseline, windowMs: number, { habitDecayMs }: Scoring, atUs: number): Baseline {
  const samples = baseline.samples + 1
  const fading = baseline.samples === 0 ? 1 : 1 - decay((atUs - baseline.atUs) / 1000, habitDecayMs)
  const weight = fading > 1 / samples ? fading : 1 / samples
  const inverse = 1 / (windowMs > LEAST_WINDOW_VALUE_MS ? windowMs : LEAST_WINDOW_VALUE_MS)
  return { inverse: baseline.inverse + weight * (inverse - baseline.inverse), samples, atUs }
}

/** The same under other numbers; who has no cost gets none. */
export function repriced(candidate: Candidate, scoring: Scoring, atUs: number): Candidate {
  return candidate.costMs < 0 ? candidate : priced(candidate, scoring, atUs)
}

/** With its cost and outlook as of now. */
function priced(candidate: Candidate, scoring: Scoring, atUs: number): Candidate {
  const { latency, baseline } = candidate
  const forecastLatencyMs = (1 - scoring.habitWeight) * latency.value + scoring.habitWeight / baseline.inverse
  return {
    ...candidate,
    fadeDueUs: fadeDueUs(candidate, scoring, atUs),
    costMs: costMs(candidate, scoring, atUs),
    forecastMs: costMs(candidate, scoring, atUs, forecastLatencyMs)
  }
}

/** How long samples gather after an entry, in µs. */
export function sampleWindowUs(config: UpstreamConfig): number {
  const half = config.probing.intervalMs / 2
  return (half > LEAST_WINDOW_MS ? half : LEAST_WINDOW_MS) * 1000
}

/** The formula above, for a measured candidate at one moment. */
export function costMs(
  candidate: Candidate,
  scoring: Scoring,
  atUs: number,
  latencyMs: number = candidate.latency.value
): number {
  const rate = successRate(candidate, scoring, atUs)
  const success = rate > SUCCESS_FLOOR ? rate : SUCCESS_FLOOR
  let divisor = 1
  for (let i = 0; i < scoring.successExponent; i++) divisor *= success
  const expected = (latencyMs + scoring.jitterWeight * candidate.jitter.value) / divisor
  const streak = candidate.streak < FULL_REWARD_STREAK ? candidate.streak : FULL_REWARD_STREAK
  const rewardMs = scoring.historyRewardMs * (streak / FULL_REWARD_STREAK)
  const cost = expected + penaltyMs(candidate, scoring, atUs) - rewardMs
  return cost > 0 ? cost : 0
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
