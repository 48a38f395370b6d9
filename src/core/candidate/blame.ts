/**
 * Blame: what failures add to the cost of a candidate. It is bounded, and successes take it away.
 *
 * - A *penalty*: the last failure costs `failurePenalty`, at most twice the spread of latencies in the upstream and at least
 *   `LEAST_STAKE_MS`, because the choice is about differences between candidates. Failures do not add up, so a hundred
 *   clients that fail together cost as much as one. The penalty fades over `decay`, and each success in a row halves it.
 * - A *success rate*: (s + 1) / (s + f + 1) over `successWindow`. One success is granted in advance, so a candidate without
 *   a sample does not count as broken, and one failure alone halves the rate. Failures count at most once a second. Each
 *   success in a row takes a tenth of them away: after ten successes in a row a candidate is as good as one that never
 *   failed.
 * - `fadeDueUs` is the next moment at which the cost is computed again because blame has faded, until time or successes have
 *   taken all of it away.
 *
 * This file alone writes the penalty, the success rate and the row of successes. samples.ts decides what a sample is.
 */
import { decay } from "../math/decay.ts"
import * as Ewma from "../math/Ewma.ts"
import * as SuccessWindow from "../math/SuccessWindow.ts"
import type { Beliefs, Candidate } from "../model/Candidate.ts"
import type { Scoring } from "../model/Config.ts"

/** This many successes in a row make up for all failures before them. */
const FORGIVING_STREAK = 10
const STAKES = 2
/** Where all candidates are alike, a failure still is a reason to try another one first. */
const LEAST_STAKE_MS = 20
/** Failures that are closer together count as one. */
const EPISODE_US = 1_000_000
/** A smaller penalty counts as none. */
const LEAST_PENALTY_MS = 0.5
/** A cost is computed again when the penalty has faded by some two fifths. */
const FADES_PER_DECAY = 2

/** One more success. */
export function succeeded(candidate: Candidate, scoring: Scoring, atUs: number): Candidate {
  const success = SuccessWindow.record(candidate.success, true, atUs, scoring.successWindowMs)
  return { ...candidate, success, streak: candidate.streak + 1 }
}

/** It answered, but a packet was lost on the way: the success rate falls, and there is no penalty. */
export function lost(candidate: Candidate, scoring: Scoring, atUs: number): Candidate {
  const success = SuccessWindow.record(candidate.success, false, atUs, scoring.successWindowMs)
  return { ...candidate, success, streak: 0 }
}

/** One more failure at `atUs`, where the latencies of the upstream differ by `spreadMs`. */
export function blamed(candidate: Candidate, scoring: Scoring, atUs: number, spreadMs: number): Candidate {
  const stakeMs = STAKES * spreadMs > LEAST_STAKE_MS ? STAKES * spreadMs : LEAST_STAKE_MS
  const value = scoring.failurePenaltyMs < stakeMs ? scoring.failurePenaltyMs : stakeMs
  const counts = candidate.countedAtUs < 0 || atUs - candidate.countedAtUs >= EPISODE_US
  if (!counts) return { ...candidate, streak: 0, penalty: { value, atUs } }
  const success = SuccessWindow.record(candidate.success, false, atUs, scoring.successWindowMs)
  return { ...candidate, streak: 0, penalty: { value, atUs }, success, countedAtUs: atUs }
}

/** What is left of the penalty, in ms. */
export function penaltyMs({ penalty, streak }: Candidate, scoring: Scoring, atUs: number): number {
  if (penalty.atUs < 0 || streak >= FORGIVING_STREAK) return 0
  let left = penalty.value * decay((atUs - penalty.atUs) / 1000, scoring.decayMs)
  for (let i = 0; i < streak && left >= LEAST_PENALTY_MS; i++) left /= 2
  return left < LEAST_PENALTY_MS ? 0 : left
}

/** Above 0 and at most 1. */
export function successRate({ success, streak }: Candidate, scoring: Scoring, atUs: number): number {
  const { ok, failed } = SuccessWindow.totals(SuccessWindow.advanceTo(success, atUs, scoring.successWindowMs))
  return (ok + 1) / (ok + failed * held(streak) + 1)
}

/** Whether successes in a row have taken all blame away. */
export function isForgiven({ streak }: Candidate): boolean {
  return streak >= FORGIVING_STREAK
}

/** The share of blame that is left after so many successes in a row. */
function held(streak: number): number {
  return streak >= FORGIVING_STREAK ? 0 : 1 - streak / FORGIVING_STREAK
}

/** Without a penalty that time has taken away. */
export function faded(candidate: Candidate, scoring: Scoring, atUs: number): Candidate {
  return candidate.penalty.atUs >= 0 && penaltyMs(candidate, scoring, atUs) === 0
    ? { ...candidate, penalty: Ewma.empty }
    : candidate
}

/** It is as it was at a checkpoint. */
export function restored(candidate: Candidate, { success, countedAtUs, penalty, streak }: Beliefs): Candidate {
  return { ...candidate, success, countedAtUs, penalty, streak }
}

/** When the cost next changes by time alone, in µs; -1: it does not. */
export function fadeDueUs(candidate: Candidate, scoring: Scoring, atUs: number): number {
  if (penaltyMs(candidate, scoring, atUs) > 0 && scoring.decayMs > 0) {
    return atUs + Math.ceil((scoring.decayMs * 1000) / FADES_PER_DECAY)
  }
  if (candidate.streak >= FORGIVING_STREAK) return -1
  const window = SuccessWindow.advanceTo(candidate.success, atUs, scoring.successWindowMs)
  if (SuccessWindow.totals(window).failed === 0) return -1
  return SuccessWindow.nextBucketUs(window, scoring.successWindowMs)
}
