/**
 * Averages that decay with time, for samples at uneven intervals, as plain records.
 *
 * After a time dt the past has the weight e^(-dt/decay), so ten samples in one second do not outweigh one sample a second. The
 * peak variant is Finagle's Peak EWMA: a higher sample replaces the average at once, a lower one moves it only as time passes.
 */
import { decay } from "./decay.ts"

export interface Ewma {
  /** The average, in the unit of its samples. Without meaning while `atUs` is negative. */
  readonly value: number
  /** Moment of the last sample, in µs; -1: there was none. */
  readonly atUs: number
}

export const empty: Ewma = { value: 0, atUs: -1 }

/** The plain average. The first sample becomes the average. */
export function add(ewma: Ewma, sample: number, atUs: number, decayMs: number): Ewma {
  if (ewma.atUs < 0) return { value: sample, atUs }
  const past = decay((atUs - ewma.atUs) / 1000, decayMs)
  return { value: blend(ewma.value, sample, past), atUs }
}

/** The peak variant: a sample above the average replaces it. */
export function addPeak(ewma: Ewma, sample: number, atUs: number, decayMs: number): Ewma {
  if (ewma.atUs < 0 || sample > ewma.value) return { value: sample, atUs }
  return add(ewma, sample, atUs, decayMs)
}

/**
 * The weighted mean, forced to lie between its two values: rounding could leave that range by one bit, and a law forbids it.
 */
function blend(past: number, sample: number, weight: number): number {
  const mixed = past * weight + sample * (1 - weight)
  const low = past < sample ? past : sample
  const high = past < sample ? sample : past
  return mixed < low ? low : mixed > high ? high : mixed
}
