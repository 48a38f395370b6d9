/**
 * One candidate beside companions of one upstream, with nothing but clients' dials and the core's own deadlines: probes are sent
 * and never answered.
 */
import fc from "fast-check"
import * as Vector from "../../src/core/data/Vector.ts"
import type { Candidate } from "../../src/core/model/Candidate.ts"
import type { Config, UpstreamConfig } from "../../src/core/model/Config.ts"
import type { DialFailure, Event } from "../../src/core/model/Event.ts"
import { CoreAlone } from "../../src/sim/CoreAlone.ts"
import { configWith } from "../../test/support/config.ts"
import { upstream } from "./config.ts"

const CHOICE = { listener: "web", upstream: 0, routes: 0, chosen: "none", why: "unranked", warm: 0, client: 1 } as const

/**
 * All candidates are challengers, so what fails alone is never a common cause; no breaker replaces a latency. Answers to SYNs that were
 * sent again come in time.
 */
export const scoredUpstream: fc.Arbitrary<UpstreamConfig> = upstream.map((one) => ({
  ...one,
  name: "up",
  host: "",
  probing: { ...one.probing, challengers: 64 },
  dial: { ...one.dial, timeoutMs: 3_500 },
  breaker: { ...one.breaker, enabled: false },
  pool: { ...one.pool, mode: "off" }
}))

/** Latencies of the companions in ms: above what is plausible, below what a repeated SYN explains. */
export const companions: fc.Arbitrary<ReadonlyArray<number>> = fc.array(fc.integer({ min: 3, max: 900 }), {
  minLength: 1,
  maxLength: 11
})

export class ScoredWorld extends CoreAlone {
  readonly #companionsMs: ReadonlyArray<number>

  constructor(config: UpstreamConfig, companionsMs: ReadonlyArray<number>) {
    const probing: Config["probing"] = { maxParallel: 1, perHost: 1, ratePerSecond: 1 }
    const candidates = [0, ...companionsMs].map((_, i) => ({ host: `127.0.0.${i + 1}`, port: 443 }))
    const upstreams = [{ ...config, candidates }]
    super({ ...configWith([]), upstreams, probing, maxCandidates: 20, poolTotal: 0 }, 1)
    this.#companionsMs = companionsMs
    this.post({ _tag: "Started", worker: 0, wallMs: 0 })
  }

  get all(): ReadonlyArray<Candidate> {
    return Vector.toArray(this.state.candidates).filter((one) => one !== null)
  }

  get candidate(): Candidate {
    return this.all[0]!
  }

  /** A client's dial of the candidate; none takes longer than there has been time. */
  dialled(tookUs: number, outcome: DialFailure | "connected"): void {
    this.#dials([{ candidate: this.candidate.id, outcome, tookUs: Math.min(tookUs, this.atUs) }])
  }

  /** Each companion answers, as always. */
  companionsAnswer(): void {
    const tried = this.all.slice(1).map(({ id }, i) => ({
      ...{ candidate: id, outcome: "connected" as const, tookUs: this.#companionsMs[i]! * 1000 }
    }))
    this.#dials(tried)
  }

  companionsFail(): void {
    for (const { id } of this.all.slice(1)) this.#dials([{ candidate: id, outcome: "refused", tookUs: 0 }])
  }

  #dials(tried: Extract<Event, { _tag: "ClientAccepted" }>["tried"]): void {
    const candidate = tried.find(({ outcome }) => outcome === "connected")?.candidate ?? "none"
    this.post({ _tag: "ClientAccepted", worker: 0, session: 1, ...CHOICE, candidate, tried })
  }
}
