/**
 * Time-decayed averages of uneven series, as plain records.
 *
 * The past weighs e^(-dt/decay), so ten samples in one second do not outweigh one sample a second. `peak` is the variant
 * that Finagle made known as Peak EWMA: a higher sample is believed at once, a lower one only as time passes.
 */
import { decay } from "./decay.ts"

export interface Ewma {
  /** Average in the unit of its samples; meaningless while `atUs` is negative. */
  readonly value: number
  /** When the last sample entered, in microseconds; -1 before the first. */
  readonly atUs: number
}

export const empty: Ewma = { value: 0, atUs: -1 }

/** Plain average: the first sample is taken as it is. */
export function add(ewma: Ewma, sample: number, atUs: number, decayMs: number): Ewma {
  if (ewma.atUs < 0) return { value: sample, atUs }
  const past = decay((atUs - ewma.atUs) / 1000, decayMs)
  return { value: blend(ewma.value, sample, past), atUs }
}

/** Peak-sensitive average: a sample above the average replaces it. */
export function addPeak(ewma: Ewma, sample: number, atUs: number, decayMs: number): Ewma {
  if (ewma.atUs < 0 || sample > ewma.value) return { value: sample, atUs }
  return add(ewma, sample, atUs, decayMs)
}

/** Rounding may leave the span of its two ends by one bit; the law "between least and greatest sample" is kept by force. */
function blend(past: number, sample: number, weight: number): number {
  const mixed = past * weight + sample * (1 - weight)
  const low = past < sample ? past : sample
  const high = past < sample ? sample : past
  return mixed < low ? low : mixed > high ? high : mixed
}
