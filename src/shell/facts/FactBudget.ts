/**
 * How many facts of each kind may pass: one token bucket for each kind, which holds one second's worth. A storm of one kind
 * does not affect the others. Suppressed facts are counted.
 */
import type { FactKind } from "./PublicFact.ts"

interface Bucket {
  tokens: number
  atMs: number
  /** Suppressed since the last fact that passed. */
  suppressed: number
}

export class FactBudget {
  readonly #perSecond: number
  readonly #buckets = new Map<FactKind, Bucket>()
  readonly #dropped = new Map<FactKind, number>()

  constructor(perSecond: number) {
    this.#perSecond = perSecond
  }

  /** How many facts were suppressed before this one; undefined: this one is suppressed too. */
  take(kind: FactKind, nowMs: number): number | undefined {
    const bucket = this.#bucketOf(kind, nowMs)
    // A wall clock may jump back. Then nothing is earned, and the next second counts from there.
    const earned = (Math.max(0, nowMs - bucket.atMs) * this.#perSecond) / 1000
    bucket.tokens = Math.min(this.#perSecond, bucket.tokens + earned)
    bucket.atMs = nowMs
    if (bucket.tokens < 1) {
      bucket.suppressed++
      this.#dropped.set(kind, (this.#dropped.get(kind) ?? 0) + 1)
      return undefined
    }
    bucket.tokens--
    const { suppressed } = bucket
    bucket.suppressed = 0
    return suppressed
  }

  /** Since start, by kind; kinds that lost none are absent. */
  get dropped(): ReadonlyMap<FactKind, number> {
    return this.#dropped
  }

  #bucketOf(kind: FactKind, nowMs: number): Bucket {
    let bucket = this.#buckets.get(kind)
    if (bucket === undefined) this.#buckets.set(kind, bucket = { tokens: this.#perSecond, atMs: nowMs, suppressed: 0 })
    return bucket
  }
}
