/** Score as contract 3.1 tells it, for one candidate, from plain lists and the platform's own arithmetic. */
import type { UpstreamConfig } from "../../src/core/model/Config.ts"

export class ScoreModel {
  costMs = -1
  outlookMs = -1
  #usualMs = 0
  readonly entriesMs: Array<number> = []
  #latencyMs = 0
  #jitterMs = 0
  #entryAtUs = -1
  #gathered: Array<number> = []
  #expireDueUs = Infinity
  #streak = 0
  readonly #samples: Array<{ readonly atUs: number; readonly ok: boolean }> = []
  readonly #failuresUs: Array<number> = []
  readonly #config: UpstreamConfig
  readonly #windowUs: number

  constructor(config: UpstreamConfig) {
    this.#config = config
    this.#windowUs = 1000 * Math.max(2_000, config.probing.intervalMs / 2)
  }

  sample(atUs: number, tookMs: number, answered: boolean): void {
    const ok = answered && tookMs >= this.#config.scoring.minPlausibleRttMs
    this.#samples.push({ atUs, ok })
    this.#streak = ok ? this.#streak + 1 : 0
    this.#expireDueUs = atUs + this.#config.scoreTtlMs * 1000
    if (!ok) {
      this.#failuresUs.push(atUs)
      if (this.costMs >= 0) this.#reprice(atUs)
    } else if (this.costMs < 0 || (this.#gathered.length === 0 && atUs >= this.#entryAtUs + this.#windowUs)) {
      this.#enter(atUs, tookMs)
    } else {
      this.#gathered.push(tookMs)
      this.#gathered.sort((a, b) => a - b)
      if (this.#gathered.length > 32) this.#gathered = this.#gathered.slice(1, -1)
    }
  }

  tick(atUs: number): void {
    const expires = atUs >= this.#expireDueUs
    const closes = this.#gathered.length > 0 && atUs >= this.#entryAtUs + this.#windowUs
    if (closes && !(expires && this.#expireDueUs <= this.#entryAtUs + this.#windowUs)) {
      const { length } = this.#gathered
      this.#enter(atUs, (this.#gathered[(length - 1) >> 1]! + this.#gathered[length >> 1]!) / 2)
    }
    if (!expires) return
    this.costMs = this.outlookMs = -1
    this.#gathered = []
    this.#expireDueUs = Infinity
  }

  #enter(atUs: number, entryMs: number): void {
    const { decayMs, jitterDecayMs } = this.#config.scoring
    const past = (decayMs: number) => Math.exp(-(atUs - this.#entryAtUs) / 1000 / decayMs)
    if (this.#entryAtUs < 0) this.#latencyMs = entryMs
    else {
      this.#jitterMs = mixed(this.#jitterMs, Math.abs(entryMs - this.#latencyMs), past(jitterDecayMs))
      this.#latencyMs = Math.max(entryMs, mixed(this.#latencyMs, entryMs, past(decayMs)))
    }
    // Harmonic: the first entries count alike, then the past fades.
    const weight = Math.max(1 / (this.entriesMs.length + 1), 1 - past(this.#config.scoring.habitDecayMs))
    const inverse = 1 / Math.max(0.1, entryMs)
    this.#usualMs = this.entriesMs.length === 0 ? 1 / inverse : 1 / mixed(1 / this.#usualMs, inverse, 1 - weight)
    this.#entryAtUs = atUs
    this.#gathered = []
    this.entriesMs.push(entryMs)
    this.#reprice(atUs)
  }

  #reprice(atUs: number): void {
    const { habitWeight } = this.#config.scoring
    this.costMs = this.#price(atUs, this.#latencyMs)
    this.outlookMs = this.#price(atUs, mixed(this.#usualMs, this.#latencyMs, habitWeight))
  }

  #price(atUs: number, latencyMs: number): number {
    const { scoring } = this.#config
    const bucketUs = scoring.successWindowMs * 100
    const recent = this.#samples.filter((one) => Math.floor(one.atUs / bucketUs) > Math.floor(atUs / bucketUs) - 10)
    const success = (recent.filter(({ ok }) => ok).length + 1) / (recent.length + 1)
    const expected = latencyMs + scoring.jitterWeight * this.#jitterMs
    const penaltyMs = this.#failuresUs
      .map((failedUs) => scoring.failurePenaltyMs * Math.exp(-(atUs - failedUs) / 1000 / scoring.decayMs))
      .reduce((a, b) => a + b, 0)
    const rewardMs = scoring.historyRewardMs * Math.min(1, this.#streak / 20)
    return Math.max(0, expected / Math.max(success, 0.05) ** scoring.successExponent + penaltyMs - rewardMs)
  }
}

function mixed(past: number, sample: number, weight: number): number {
  return past * weight + sample * (1 - weight)
}
