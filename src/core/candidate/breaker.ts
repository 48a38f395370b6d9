/**
 * Breaker: what a candidate's breaker has counted, and whether it is closed, open or half-open.
 *
 * This file alone writes the breaker. reducers/breaker.ts decides when it opens and closes, trials.ts when a trial is due.
 */
import * as SuccessWindow from "../math/SuccessWindow.ts"
import type { BreakerState, Candidate } from "../model/Candidate.ts"

const RAMP_STEPS = 10
const MINUTE_US = 60_000_000

export const closedBreaker: BreakerState = {
  state: "closed",
  consecutive: 0,
  consecutiveAfter: 0,
  failedAfterAtUs: -1,
  window: SuccessWindow.empty,
  openings: 0,
  trials: 0,
  openedAtUs: -1,
  openForMs: 0,
  trialDueUs: -1,
  closedAtUs: -1,
  slowStartWeight: 1,
  rampDueUs: -1,
  blamed: []
}

function changed(candidate: Candidate, changes: Partial<BreakerState>): Candidate {
  return { ...candidate, breaker: { ...candidate.breaker, ...changes } }
}

/** A handshake succeeded. */
export function succeeded(candidate: Candidate, atUs: number, windowMs: number): Candidate {
  return changed(candidate, { consecutive: 0, window: counted(candidate, true, atUs, windowMs) })
}

/** A handshake failed. */
export function failed(candidate: Candidate, atUs: number, windowMs: number): Candidate {
  const consecutive = candidate.breaker.consecutive + 1
  return changed(candidate, { consecutive, window: counted(candidate, false, atUs, windowMs) })
}

function counted({ breaker }: Candidate, ok: boolean, atUs: number, windowMs: number): SuccessWindow.SuccessWindow {
  return SuccessWindow.record(breaker.window, ok, atUs, windowMs)
}

/** The clients that have blamed it in the last minute. */
export function blamedLately({ breaker }: Candidate, atUs: number): BreakerState["blamed"] {
  return breaker.blamed.filter((one) => one.atUs > atUs - MINUTE_US)
}

/** A client's session failed after connect. `isCounted`: it is one more of those that open the breaker. */
export function failedAfterConnect(candidate: Candidate, client: number, atUs: number, isCounted: boolean): Candidate {
  const lately = blamedLately(candidate, atUs)
  const consecutiveAfter = candidate.breaker.consecutiveAfter + (isCounted ? 1 : 0)
  const blamed = isCounted ? [...lately, { client, atUs }] : lately
  return changed(candidate, { consecutiveAfter, blamed, failedAfterAtUs: atUs })
}

/** The upstream sent a byte, so earlier failures after connect do not count any more. */
export function answered(candidate: Candidate, trialDueUs: number): Candidate {
  return changed(candidate, { consecutiveAfter: 0, blamed: [], trialDueUs })
}

/** The breaker opens, or opens again after a trial, for the `openings`th time. */
export function opened(candidate: Candidate, atUs: number, waitMs: number, openings: number): Candidate {
  const { state, openedAtUs } = candidate.breaker
  return changed(candidate, {
    state: "open",
    openings,
    openedAtUs: state === "half-open" ? openedAtUs : atUs,
    trialDueUs: atUs + Math.ceil(waitMs * 1000),
    slowStartWeight: 1,
    rampDueUs: -1
  })
}

/** The breaker closes, and the candidate ramps up. */
export function closed(candidate: Candidate, atUs: number, rampMs: number): Candidate {
  return changed(candidate, {
    state: "closed",
    consecutive: 0,
    consecutiveAfter: 0,
    // The outcomes that opened the breaker must not open it again with the next failure.
    window: SuccessWindow.empty,
    blamed: [],
    trialDueUs: -1,
    openForMs: (atUs - candidate.breaker.openedAtUs) / 1000,
    closedAtUs: atUs,
    ...firstStep(atUs, rampMs)
  })
}

/** Its next trial is due then; -1: none. */
export function trialDue(candidate: Candidate, trialDueUs: number): Candidate {
  return changed(candidate, { trialDueUs })
}

/** Its trial begins. An open breaker is half-open until the answer. */
export function tried(candidate: Candidate): Candidate {
  const { state, trials } = candidate.breaker
  const isOpen = state === "open"
  return changed(candidate, {
    ...(isOpen ? { state: "half-open" } : {}),
    trials: candidate.streak > 0 ? trials : trials + 1,
    trialDueUs: -1
  })
}

/** The trial under way, if any, will have no answer. The next one is due then. */
export function untried(candidate: Candidate, trialDueUs: number): Candidate {
  return candidate.breaker.state === "half-open" ? changed(candidate, { state: "open", trialDueUs }) : candidate
}

/** It needs no more trials. */
export function trialsOver(candidate: Candidate): Candidate {
  return changed(candidate, { trials: 0, trialDueUs: -1 })
}

/** A candidate on trial with clients starts with a tenth of them. */
export function ramping(candidate: Candidate, atUs: number, rampMs: number): Candidate {
  return changed(candidate, firstStep(atUs, rampMs))
}

function firstStep(atUs: number, rampMs: number): Pick<BreakerState, "slowStartWeight" | "rampDueUs"> {
  if (rampMs <= 0) return { slowStartWeight: 1, rampDueUs: -1 }
  return { slowStartWeight: 1 / RAMP_STEPS, rampDueUs: atUs + Math.ceil((rampMs * 1000) / RAMP_STEPS) }
}

/** The candidate gets a tenth more of the clients. */
export function rampedUp(candidate: Candidate, atUs: number, rampMs: number): Candidate {
  const steps = Math.round(candidate.breaker.slowStartWeight * RAMP_STEPS) + 1
  const done = steps >= RAMP_STEPS
  const rampDueUs = done ? -1 : atUs + Math.ceil((rampMs * 1000) / RAMP_STEPS)
  return changed(candidate, { slowStartWeight: done ? 1 : steps / RAMP_STEPS, rampDueUs })
}

/** Its next step up is due then. */
export function rampDue(candidate: Candidate, rampDueUs: number): Candidate {
  return changed(candidate, { rampDueUs })
}

/** All counts are cleared. */
export function forgotten(candidate: Candidate): Candidate {
  return { ...candidate, breaker: closedBreaker }
}

/** The breaker is as it was at a checkpoint. */
export function restored(candidate: Candidate, breaker: BreakerState): Candidate {
  return { ...candidate, breaker }
}
