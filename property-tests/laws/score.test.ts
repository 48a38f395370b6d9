import fc from "fast-check"
import { describe, expect } from "vitest"
import { advance } from "../../src/core/advance.ts"
import * as Vector from "../../src/core/data/Vector.ts"
import { nextDeadline } from "../../src/core/deadline.ts"
import type { Config, UpstreamConfig } from "../../src/core/model/Config.ts"
import type { Event } from "../../src/core/model/Event.ts"
import type { State } from "../../src/core/model/State.ts"
import { scoreOf } from "../../src/core/reducers/score.ts"
import { initial } from "../../src/core/state.ts"
import { upstream } from "../arbitraries/config.ts"
import { ScoreModel } from "../arbitraries/scoreModel.ts"
import { onDemandDefaults } from "../../test/support/config.ts"
import { law } from "../check.ts"

const spell = fc.record({
  gapUs: fc.oneof(fc.nat(100_000), fc.nat(4_000_000), fc.nat(400_000_000)),
  tookUs: fc.nat(200_000),
  answered: fc.oneof({ weight: 4, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) }),
  // Whether the shell slept through the deadlines before this sample, and woke up just before it.
  late: fc.boolean(),
  /** Now and then a crowd comes at once, each dial a little slower: more than a window gathers, or success at its floor. */
  crowd: fc.oneof({ weight: 12, arbitrary: fc.constant(1) }, { weight: 1, arbitrary: fc.integer({ min: 20, max: 100 }) })
})
const samples = fc.array(spell, { minLength: 1, maxLength: 60, size: "max" }).map((spells) =>
  spells.flatMap(({ crowd, gapUs, tookUs, ...rest }) =>
    Array.from({ length: crowd }, (_, i) => ({ ...rest, gapUs: i === 0 ? gapUs : 10_000, tookUs: tookUs + 500 * i }))
  )
)
const oneCandidate: fc.Arbitrary<UpstreamConfig> = upstream.map((one) => ({
  ...one,
  name: "up",
  host: "",
  candidates: [{ host: "198.18.0.1", port: 443 }],
  pool: { ...one.pool, mode: "off" }
}))

const WHO = { warm: 0, client: 1 }

class One {
  state: State
  #atUs = 0

  constructor(config: UpstreamConfig) {
    const probing: Config["probing"] = { maxParallel: 1, perHost: 1, ratePerSecond: 1 }
    const limits = { probing, maxCandidates: 10, poolTotal: 0, onDemand: onDemandDefaults, template: config }
    this.state = initial({ enabled: true, upstreams: [config], ...limits }, 1)
    this.post({ _tag: "Started", worker: 0, wallMs: 0 })
  }

  get candidate() {
    return Vector.get(this.state.candidates, 0)!
  }

  post(event: Event): void {
    this.state = advance(this.state, { seq: this.state.seq + 1, at: this.#atUs, event }).state
  }

  /** Lets time pass, with a tick at each deadline or only at the end. */
  pass(gapUs: number, late: boolean, onTick: (atUs: number) => void): number {
    const untilUs = this.#atUs + gapUs
    for (let due = nextDeadline(this.state); due !== undefined && due <= untilUs; due = nextDeadline(this.state)) {
      this.#atUs = late ? untilUs : due
      this.post({ _tag: "Ticked", worker: 0 })
      onTick(this.#atUs)
    }
    return (this.#atUs = untilUs)
  }

  dialled(tookUs: number, answered: boolean): void {
    const { id } = this.candidate
    const tried = [{ candidate: id, outcome: answered ? "connected" as const : "refused" as const, tookUs }]
    const choice = { listener: "web", upstream: 0, routes: 0, chosen: -1, why: "unranked" as const }
    this.post({ _tag: "ClientAccepted", worker: 0, session: 1, ...choice, candidate: answered ? id : -1, ...WHO, tried })
  }
}

describe("score", () => {
  law(
    "is what contract 3.1 says: entries are medians of windows, and the cost follows the formula",
    fc.property(oneCandidate, samples, (config, samples) => {
      const one = new One(config)
      const model = new ScoreModel(config)
      const expectSame = () => {
        const { costMs, outlookMs } = one.candidate
        if (model.costMs < 0) return expect([costMs, outlookMs]).toEqual([-1, -1])
        expect(Math.abs(costMs - model.costMs)).toBeLessThanOrEqual(1e-9 * (1 + model.costMs))
        expect(Math.abs(outlookMs - model.outlookMs)).toBeLessThanOrEqual(1e-9 * (1 + model.outlookMs))
      }
      for (const { gapUs, tookUs, answered, late } of samples) {
        const atUs = one.pass(gapUs, late, (tickUs) => {
          model.tick(tickUs)
          expectSame()
        })
        one.dialled(tookUs, answered)
        model.sample(atUs, tookUs / 1000, answered)
        expectSame()
      }
    }),
    { share: 2 }
  )

  law(
    "of a busy candidate has no more entries than windows, and each lies among its samples",
    fc.property(oneCandidate, fc.array(fc.nat(50_000), { minLength: 2, maxLength: 80, size: "max" }), (config, tooks) => {
      const one = new One({ ...config, scoreTtlMs: 300_000, scoring: { ...config.scoring, minPlausibleRttMs: 0 } })
      const windowUs = 1000 * Math.max(2_000, config.probing.intervalMs / 2)
      const gapUs = Math.floor(windowUs / 10)
      const entriesUs = new Set<number>()
      tooks.forEach((tookUs) => {
        one.pass(gapUs, false, () => entriesUs.add(one.candidate.lastEntryAtUs))
        one.dialled(tookUs, true)
        entriesUs.add(one.candidate.lastEntryAtUs)
        expect(one.candidate.latency.value).toBeLessThanOrEqual(Math.max(...tooks) / 1000)
        expect(one.candidate.latency.value).toBeGreaterThanOrEqual(Math.min(...tooks) / 1000)
      })
      expect(entriesUs.size).toBeLessThanOrEqual(1 + Math.ceil((tooks.length * gapUs) / windowUs))
    }),
    { share: 0.5 }
  )

  law(
    "falls with cost, from 100 for nothing, and is 50 at the reference",
    fc.property(fc.double({ min: 0, max: 1e6, noNaN: true }), fc.integer({ min: 1, max: 1_000 }), (costMs, referenceMs) => {
      const score = scoreOf(costMs, referenceMs)
      expect(score).toBeGreaterThan(0)
      expect(score).toBeLessThanOrEqual(100)
      expect(scoreOf(costMs + 1, referenceMs)).toBeLessThan(score)
      expect(scoreOf(referenceMs, referenceMs)).toBe(50)
      expect(scoreOf(0, referenceMs)).toBe(100)
    })
  )
})
