/** Score as contract 3.1 defines it, for one candidate, from plain lists and the platform's own arithmetic. */
import type { UpstreamConfig } from "../../src/core/model/Config.ts"

/** What is known of the other candidates of the upstream: only the ceiling of the penalty follows from them. */
export interface Other {
  readonly latencyMs: number
  readonly costMs: number
}

type Outcome = "connected" | "refused" | "timeout"

const MOST_COMPARED = 8
const LEAST_PENALTY_MS = 0.5

export class ScoreModel {
  costMs = -1
  outlookMs = -1
  /** How often each rule was needed. */
  readonly used = { overtaken: 0, resent: 0, late: 0, blamed: 0, faded: 0, episodes: 0 }
  #usualMs = 0
  readonly entriesMs: Array<number> = []
  #latencyMs = 0
  #jitterMs = 0
  #entryAtUs = -1
  #gathered: Array<number> = []
  #expireDueUs = Infinity
  #fadeDueUs = Infinity
  #streak = 0
  #provenAtUs = -1
  #sampled = false
  #resentAtUs = -1
  #countedAtUs = -Infinity
  #penalty = { ms: 0, atUs: -1 }
  readonly #counts: Array<{ readonly atUs: number; readonly ok: boolean }> = []
  readonly #config: UpstreamConfig
  readonly #windowUs: number

  constructor(config: UpstreamConfig) {
    this.#config = config
    this.#windowUs = 1000 * Math.max(2_000, config.probing.intervalMs / 2)
  }

  sample(atUs: number, tookMs: number, outcome: Outcome, others: ReadonlyArray<Other>): void {
    // A later handshake was answered already.
    if (outcome === "timeout" && atUs - tookMs * 1000 <= this.#provenAtUs) return void this.used.overtaken++
    const ok = outcome === "connected" && tookMs >= this.#config.scoring.minPlausibleRttMs
    const { probing, dial } = this.#config
    const isLate = ok && tookMs > 1.1 * Math.max(probing.timeoutMs, dial.timeoutMs)
    const isResent = ok && !isLate && this.#isResent(tookMs, atUs)
    const isFirst = !this.#sampled
    this.#sampled = true
    this.#resentAtUs = isResent ? atUs : -1
    if (ok) this.#provenAtUs = Math.max(this.#provenAtUs, atUs - Math.floor(tookMs * 1000))
    this.#expireDueUs = atUs + this.#config.scoreTtlMs * 1000
    if (isResent) this.used.resent++
    if (isLate) this.used.late++
    const saysNoLatency = isResent || isLate
    if (saysNoLatency && isFirst) return
    this.#streak = ok && !isResent ? this.#streak + 1 : 0
    if (!ok) return this.#blame(atUs, others)
    this.#counts.push({ atUs, ok: !isResent })
    // While there is blame each success takes some of it away.
    if (this.costMs >= 0 && (saysNoLatency || this.#fadeDueUs < Infinity)) this.#reprice(atUs)
    if (saysNoLatency) return
    if (this.costMs < 0 || (this.#gathered.length === 0 && atUs >= this.#entryAtUs + this.#windowUs)) {
      this.#enter(atUs, tookMs)
    } else {
      this.#gathered.push(tookMs)
      this.#gathered.sort((a, b) => a - b)
      if (this.#gathered.length > 32) this.#gathered = this.#gathered.slice(1, -1)
    }
  }

  /** What is due happens in the order in which it was due; once expired, no sample is left to add and no penalty to fade. */
  tick(atUs: number): void {
    const dues = [
      { us: this.#expireDueUs, does: () => this.#expire() },
      { us: this.#gathered.length > 0 ? this.#entryAtUs + this.#windowUs : Infinity, does: () => this.#close(atUs) },
      { us: this.#fadeDueUs, does: () => this.#fade(atUs) }
    ]
    for (const { us, does } of dues.toSorted((a, b) => a.us - b.us)) if (us <= atUs) does()
  }

  /** Karn's rule: whole seconds and about the usual time, where that is far less; one that began after another such answer is believed. */
  #isResent(tookMs: number, atUs: number): boolean {
    if (tookMs < 1_000 || (this.#resentAtUs >= 0 && atUs - tookMs * 1000 >= this.#resentAtUs)) return false
    const beyondMs = tookMs % 1_000
    if (this.#entryAtUs < 0) return !this.#sampled && beyondMs <= 250
    const usualMs = this.#latencyMs
    return usualMs < 500 && beyondMs >= 0.9 * usualMs && beyondMs <= 1.25 * usualMs + 40 * Math.floor(tookMs / 1_000)
  }

  #blame(atUs: number, others: ReadonlyArray<Other>): void {
    this.used.blamed++
    const ranked = others.filter(({ costMs }) => costMs >= 0).toSorted((a, b) => a.costMs - b.costMs).slice(0, MOST_COMPARED)
    const compared = [...ranked.map(({ latencyMs }) => latencyMs), ...(this.#entryAtUs < 0 ? [] : [this.#latencyMs])]
    const spreadMs = compared.length === 0 ? 0 : Math.max(...compared) - Math.min(...compared)
    this.#penalty = { ms: Math.min(this.#config.scoring.failurePenaltyMs, Math.max(20, 2 * spreadMs)), atUs }
    if (atUs - this.#countedAtUs >= 1_000_000) {
      this.#countedAtUs = atUs
      this.#counts.push({ atUs, ok: false })
    } else this.used.episodes++
    if (this.costMs >= 0) this.#reprice(atUs)
  }

  #expire(): void {
    this.costMs = this.outlookMs = -1
    this.#gathered = []
    this.#expireDueUs = this.#fadeDueUs = Infinity
  }

  #close(atUs: number): void {
    const { length } = this.#gathered
    if (length > 0) this.#enter(atUs, (this.#gathered[(length - 1) >> 1]! + this.#gathered[length >> 1]!) / 2)
  }

  #fade(atUs: number): void {
    if (this.costMs < 0) return
    this.used.faded++
    // What has faded does not come back, whatever is lost later.
    if (this.#penaltyMs(atUs) === 0) this.#penalty = { ms: 0, atUs: -1 }
    const { costMs, outlookMs } = this
    this.#reprice(atUs)
    // Successes may fall out of the window before failures do: time alone makes no candidate dearer.
    if (this.costMs > costMs) Object.assign(this, { costMs, outlookMs })
  }

  #enter(atUs: number, entryMs: number): void {
    const { decayMs, jitterDecayMs } = this.#config.scoring
    const past = (decayMs: number) => Math.exp(-(atUs - this.#entryAtUs) / 1000 / decayMs)
    if (this.#entryAtUs < 0) this.#latencyMs = entryMs
    else {
      this.#jitterMs = mixed(this.#jitterMs, Math.abs(entryMs - this.#latencyMs), past(jitterDecayMs))
      this.#latencyMs = Math.max(entryMs, mixed(this.#latencyMs, entryMs, past(decayMs)))
    }
    // Harmonic: the first samples count alike, then the past fades.
    const weight = Math.max(1 / (this.entriesMs.length + 1), 1 - past(this.#config.scoring.habitDecayMs))
    const inverse = 1 / Math.max(0.1, entryMs)
    this.#usualMs = this.entriesMs.length === 0 ? 1 / inverse : 1 / mixed(1 / this.#usualMs, inverse, 1 - weight)
    this.#entryAtUs = atUs
    this.#gathered = []
    this.entriesMs.push(entryMs)
    this.#reprice(atUs)
  }

  #reprice(atUs: number): void {
    const { habitWeight, decayMs } = this.#config.scoring
    this.costMs = this.#price(atUs, this.#latencyMs)
    this.outlookMs = this.#price(atUs, mixed(this.#usualMs, this.#latencyMs, habitWeight))
    this.#fadeDueUs = this.#penaltyMs(atUs) > 0
      ? atUs + decayMs * 500
      : this.#streak < 10 && this.#recent(atUs).some(({ ok }) => !ok)
      ? (Math.floor(atUs / this.#bucketUs) + 1) * this.#bucketUs
      : Infinity
  }

  #price(atUs: number, latencyMs: number): number {
    const { scoring } = this.#config
    const recent = this.#recent(atUs)
    const succeeded = recent.filter(({ ok }) => ok).length
    const failed = (recent.length - succeeded) * Math.max(0, 1 - this.#streak / 10)
    const success = (succeeded + 1) / (succeeded + failed + 1)
    const expected = latencyMs + scoring.jitterWeight * this.#jitterMs
    const rewardMs = scoring.historyRewardMs * Math.min(1, this.#streak / 20)
    const priceMs = expected / Math.max(success, 0.05) ** scoring.successExponent
    return Math.max(0, priceMs + this.#penaltyMs(atUs) - rewardMs)
  }

  #penaltyMs(atUs: number): number {
    const { ms, atUs: failedUs } = this.#penalty
    if (failedUs < 0 || this.#streak >= 10) return 0
    const left = ms * Math.exp(-(atUs - failedUs) / 1000 / this.#config.scoring.decayMs) / 2 ** this.#streak
    return left < LEAST_PENALTY_MS ? 0 : left
  }

  #recent(atUs: number): ReadonlyArray<{ readonly ok: boolean }> {
    return this.#counts.filter((one) => Math.floor(one.atUs / this.#bucketUs) > Math.floor(atUs / this.#bucketUs) - 10)
  }

  get #bucketUs(): number {
    return this.#config.scoring.successWindowMs * 100
  }
}

function mixed(past: number, sample: number, weight: number): number {
  return past * weight + sample * (1 - weight)
}
