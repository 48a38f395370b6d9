/**
 * Warm: the warm sockets of a candidate, the takes by clients, and when its warm pool is looked at next.
 *
 * This file alone writes these. rules/warmFill.ts decides when sockets are dialled and closed, and states the rule for the
 * size.
 */
import { isListed } from "../candidates.ts"
import { decay } from "../math/decay.ts"
import * as Ewma from "../math/Ewma.ts"
import type { Candidate, Warm } from "../model/Candidate.ts"
import type { Pool, UpstreamConfig } from "../model/Config.ts"

const REFILL_LATENCIES = 2
const LEAST_REFILL_MS = 10
const PEAK_DECAY_MS = 60_000
const RESET_TOGETHER_US = 100_000

export const emptyWarmPool: Warm = {
  ready: [],
  dialling: [],
  failures: 0,
  notBeforeUs: -1,
  refillDueUs: -1,
  takes: Ewma.empty,
  peak: Ewma.empty,
  tatUs: 0,
  idleDueUs: -1,
  target: 0,
  resets: 0,
  firstResetAtUs: -1
}

function changed(candidate: Candidate, changes: Partial<Warm>): Candidate {
  return { ...candidate, warm: { ...candidate.warm, ...changes } }
}

/** The number of sockets that wait or are being dialled. */
export function socketsOf({ warm: { ready, dialling } }: Candidate): number {
  return ready.length + dialling.length
}

/** A dial begins. `tatUs`: the theoretical arrival time after it. */
export function dialled(candidate: Candidate, socket: number, atUs: number, tatUs: number): Candidate {
  return changed(candidate, { dialling: [...candidate.warm.dialling, { id: socket, atUs }], tatUs })
}

/** The dial succeeded: its socket waits for a client. */
export function connected(candidate: Candidate, socket: number): Candidate {
  const ready = [...candidate.warm.ready, socket]
  return changed(candidate, { dialling: stillDialling(candidate, socket), ready, failures: 0, notBeforeUs: -1 })
}

/** The dial failed: the next one comes after a pause. */
export function dialFailed(candidate: Candidate, socket: number, notBeforeUs: number): Candidate {
  const failures = candidate.warm.failures + 1
  return changed(candidate, { dialling: stillDialling(candidate, socket), failures, notBeforeUs })
}

/** The dial is over, and says nothing about the candidate. */
export function dialOver(candidate: Candidate, socket: number): Candidate {
  return changed(candidate, { dialling: stillDialling(candidate, socket) })
}

function stillDialling({ warm }: Candidate, socket: number): Warm["dialling"] {
  return warm.dialling.filter(({ id }) => id !== socket)
}

/** Failed dials do not count any more. */
export function failuresForgotten(candidate: Candidate): Candidate {
  return changed(candidate, { failures: 0, notBeforeUs: -1 })
}

/** A socket that was not dialled for the pool waits for a client. */
export function added(candidate: Candidate, socket: number): Candidate {
  return changed(candidate, { ready: [...candidate.warm.ready, socket] })
}

/** A socket ended, or a client took it. */
export function lost(candidate: Candidate, socket: number): Candidate {
  return changed(candidate, { ready: candidate.warm.ready.filter((other) => other !== socket) })
}

/** One more socket was reset while it waited; resets within 100 ms are counted together. */
export function reset(candidate: Candidate, atUs: number): Candidate {
  const { resets, firstResetAtUs } = candidate.warm
  const together = firstResetAtUs >= 0 && atUs - firstResetAtUs <= RESET_TOGETHER_US
  return changed(candidate, { resets: together ? resets + 1 : 1, firstResetAtUs: together ? firstResetAtUs : atUs })
}

/** No socket is left. */
export function emptied(candidate: Candidate): Candidate {
  return changed(candidate, { ready: [], dialling: [] })
}

/** Nothing is known of any socket or client. */
export function forgotten(candidate: Candidate): Candidate {
  return { ...candidate, warm: emptyWarmPool }
}

/** A client came. */
export function taken(candidate: Candidate, { idleAfterMs }: Pool, atUs: number): Candidate {
  const takes: Ewma.Ewma = { value: recentTakes(candidate, atUs) + 1, atUs }
  const peak = Ewma.addPeak(candidate.warm.peak, takes.value, atUs, PEAK_DECAY_MS)
  return changed(candidate, { takes, peak, idleDueUs: atUs + idleAfterMs * 1000 })
}

/** The pool is looked at then, because it may need a refill; -1: never. */
export function refillDue(candidate: Candidate, refillDueUs: number): Candidate {
  return changed(candidate, { refillDueUs })
}

/** The pool is looked at then, because it may be too large; -1: never. */
export function idleDue(candidate: Candidate, idleDueUs: number): Candidate {
  return changed(candidate, { idleDueUs })
}

/** This size was reported as the wanted one. */
export function sized(candidate: Candidate, target: number): Candidate {
  return changed(candidate, { target })
}

function recentTakes(candidate: Candidate, atUs: number): number {
  const { takes } = candidate.warm
  return takes.atUs < 0 ? 0 : takes.value * decay((atUs - takes.atUs) / 1000, refillMs(candidate))
}

function refillMs({ latency }: Candidate): number {
  const expected = REFILL_LATENCIES * latency.value
  return latency.atUs >= 0 && expected > LEAST_REFILL_MS ? expected : LEAST_REFILL_MS
}

/** The distance between dials while the pool is refilled, after the burst. */
export function refillGapUs(candidate: Candidate, { connectsPerSecond }: Pool, atUs: number): number {
  const takesPerSecond = (recentTakes(candidate, atUs) * 1000) / refillMs(candidate)
  return Math.floor(1_000_000 / (2 * takesPerSecond > connectsPerSecond ? 2 * takesPerSecond : connectsPerSecond))
}

/** How many sockets should wait or be under way. */
export function targetOf(candidate: Candidate, { pool, preheat }: UpstreamConfig, atUs: number): number {
  if (pool.mode === "off" || candidate.breaker.state !== "closed" || !isListed(candidate)) return 0
  if (!preheat && isIdle(candidate, pool, atUs)) return 0
  const size = pool.mode === "fixed" ? pool.size : dynamicSize(candidate, pool, atUs)
  return Math.ceil(size * candidate.breaker.slowStartWeight)
}

/** Whether no client has come for a while, or ever. */
function isIdle({ warm: { peak } }: Candidate, { idleAfterMs }: Pool, atUs: number): boolean {
  return peak.atUs < 0 || atUs - peak.atUs >= idleAfterMs * 1000
}

function dynamicSize({ warm }: Candidate, pool: Pool, atUs: number): number {
  if (warm.peak.atUs >= 0 && atUs - warm.peak.atUs >= pool.idleAfterMs * 1000) return pool.min
  // Before the first client: as if one client had come, so that a second one right behind it does not wait.
  const peak = warm.peak.atUs < 0 ? 1 : warm.peak.value * decay((atUs - warm.peak.atUs) / 1000, PEAK_DECAY_MS)
  const wanted = Math.ceil((peak > 1 ? peak : 1) * pool.headroom)
  return wanted < pool.min ? pool.min : wanted > pool.max ? pool.max : wanted
}
