/**
 * Ranks addresses by what their handshakes showed. The cost is the formula of the service (core/candidate/cost.ts) for the median, the
 * mean distance between successive handshakes, and the share that succeeded. The service itself also weighs
 * time, failures of late, and history.
 */
import { expectedMs, scoreOf } from "../../core/candidate/cost.ts"
import type { Scoring } from "../../core/model/Config.ts"
import type { DialFailure } from "../../core/model/Event.ts"

export interface Place {
  /** The name that was asked for; empty: the address itself was. */
  readonly name: string
  readonly host: string
  readonly port: number
}

/** One handshake: how long it took in ms, or why it failed. */
export type Sample = number | DialFailure

export interface Ranked extends Place {
  readonly sent: number
  readonly ok: number
  /** Of the handshakes that succeeded; null: none did. */
  readonly minMs: number | null
  readonly medianMs: number | null
  readonly maxMs: number | null
  readonly jitterMs: number | null
  /** From 0 to 1. */
  readonly loss: number
  readonly costMs: number | null
  /** From 0 to 100; 0: no handshake succeeded. */
  readonly score: number
  readonly failures: Readonly<Partial<Record<DialFailure, number>>>
}

export function rankedOf(place: Place, samples: ReadonlyArray<Sample>, scoring: Scoring): Ranked {
  const took = samples.filter((one) => typeof one === "number")
  const sorted = took.toSorted((a, b) => a - b)
  const failures: Partial<Record<DialFailure, number>> = {}
  for (const one of samples) if (typeof one !== "number") failures[one] = (failures[one] ?? 0) + 1
  const [sent, ok] = [samples.length, took.length]
  const shared = { ...place, sent, ok, loss: sent === 0 ? 0 : round(1 - ok / sent), failures }
  if (ok === 0) return { ...shared, minMs: null, medianMs: null, maxMs: null, jitterMs: null, costMs: null, score: 0 }
  const medianMs = median(sorted)
  const steps = took.slice(1).map((one, i) => Math.abs(one - (took[i] as number)))
  const jitterMs = steps.length === 0 ? 0 : steps.reduce((sum, one) => sum + one, 0) / steps.length
  const costMs = expectedMs(medianMs, jitterMs, (ok + 1) / (sent + 1), scoring)
  return {
    ...shared,
    minMs: round(sorted[0] as number),
    medianMs: round(medianMs),
    maxMs: round(sorted.at(-1) as number),
    jitterMs: round(jitterMs),
    costMs: round(costMs),
    score: round(scoreOf(costMs, scoring.referenceMs))
  }
}

/** The best first; addresses without an answer last, in the order in which they were named. */
export function ranked(all: ReadonlyArray<Ranked>): ReadonlyArray<Ranked> {
  return all.toSorted((a, b) =>
    (a.costMs ?? Infinity) === (b.costMs ?? Infinity) ? 0 : (a.costMs ?? Infinity) - (b.costMs ?? Infinity)
  )
}

function median(sorted: ReadonlyArray<number>): number {
  const middle = sorted.length >> 1
  const upper = sorted[middle] as number
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] as number) + upper) / 2
}

const round = (value: number): number => Math.round(value * 1000) / 1000
