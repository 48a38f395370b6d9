import fc from "fast-check"
import { describe, expect } from "vitest"
import { scoreOf } from "../../src/core/candidate/cost.ts"
import { companions, scoredUpstream, ScoredWorld } from "../arbitraries/ScoredWorld.ts"
import { ScoreModel } from "../arbitraries/scoreModel.ts"
import { law, met } from "../check.ts"

const spell = fc.record({
  gapUs: fc.oneof(fc.nat(100_000), fc.nat(4_000_000), fc.nat(400_000_000)),
  tookUs: fc.oneof(
    { weight: 8, arbitrary: fc.nat(200_000) },
    // As if a SYN had been sent again.
    { weight: 1, arbitrary: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.nat(250_000)).map(([s, us]) => 1_000_000 * s + us) },
    // As if the machine had slept meanwhile.
    { weight: 1, arbitrary: fc.integer({ min: 3_700_000, max: 60_000_000 }) }
  ),
  outcome: fc.oneof(
    { weight: 8, arbitrary: fc.constant("connected" as const) },
    { weight: 2, arbitrary: fc.constantFrom("refused" as const, "timeout" as const) }
  ),
  // Whether the shell slept through the deadlines before this sample, and woke up just before it.
  late: fc.boolean(),
  /** Now and then many clients come at once, each dial a little slower: more than a sample window takes, or success at its floor. */
  crowd: fc.oneof({ weight: 12, arbitrary: fc.constant(1) }, { weight: 1, arbitrary: fc.integer({ min: 20, max: 100 }) })
})
const samples = fc.array(spell, { minLength: 1, maxLength: 60, size: "max" }).map((spells) =>
  spells.flatMap(({ crowd, gapUs, tookUs, ...rest }) =>
    Array.from({ length: crowd }, (_, i) => ({ ...rest, gapUs: i === 0 ? gapUs : 10_000, tookUs: tookUs + 500 * i }))
  )
)

describe("score", () => {
  law(
    "is what contract 3.1 says: samples are medians of windows, and the cost follows the formula and what is left of blame",
    fc.property(scoredUpstream, companions, samples, (config, companions, samples) => {
      const one = new ScoredWorld(config, companions)
      const model = new ScoreModel(config)
      const expectSame = () => {
        const { costMs, forecastMs } = one.candidate
        if (model.costMs < 0) return expect([costMs, forecastMs]).toEqual([-1, -1])
        expect(Math.abs(costMs - model.costMs)).toBeLessThanOrEqual(1e-9 * (1 + model.costMs))
        expect(Math.abs(forecastMs - model.outlookMs)).toBeLessThanOrEqual(1e-9 * (1 + model.outlookMs))
      }
      const others = () => one.all.slice(1).map(({ latency, costMs }) => ({ latencyMs: latency.value, costMs }))
      for (const { gapUs, tookUs, outcome, late } of samples) {
        one.pass(gapUs, late, (tickUs) => {
          model.tick(tickUs)
          expectSame()
        })
        // The others answer, so a failure is no common cause.
        const tookMs = Math.min(tookUs, one.atUs) / 1000
        if (outcome !== "connected" || tookMs < config.scoring.minPlausibleRttMs) one.companionsAnswer()
        const atStake = others()
        one.dialled(tookUs, outcome)
        model.sample(one.atUs, tookMs, outcome, atStake)
        expectSame()
      }
      for (const [rule, count] of Object.entries(model.used)) if (count > 0) met(rule)
      if (model.entriesMs.length > 1) met("several windows")
    }),
    { floors: { overtaken: 26, resent: 40, late: 69, blamed: 86, faded: 73, episodes: 51, "several windows": 83 } }
  )

  law(
    "of a busy candidate has no more samples than windows, and each lies among the times of its window",
    fc.property(scoredUpstream, fc.array(fc.nat(50_000), { minLength: 2, maxLength: 80, size: "max" }), (config, tooks) => {
      const scoring = { ...config.scoring, minPlausibleRttMs: 0 }
      const one = new ScoredWorld({ ...config, scoreTtlMs: 300_000, scoring }, [])
      // Long enough that no dial is cut short.
      one.pass(1_000_000)
      const windowUs = 1000 * Math.max(2_000, config.probing.intervalMs / 2)
      const gapUs = Math.floor(windowUs / 10)
      const entriesUs = new Set<number>()
      tooks.forEach((tookUs) => {
        one.pass(gapUs, false, () => entriesUs.add(one.candidate.windowClosedAtUs))
        one.dialled(tookUs, "connected")
        entriesUs.add(one.candidate.windowClosedAtUs)
        expect(one.candidate.latency.value).toBeLessThanOrEqual(Math.max(...tooks) / 1000)
        expect(one.candidate.latency.value).toBeGreaterThanOrEqual(Math.min(...tooks) / 1000)
      })
      expect(entriesUs.size).toBeLessThanOrEqual(1 + Math.ceil((tooks.length * gapUs) / windowUs))
    }),
    { share: 0.5 }
  )

  law(
    "falls with cost, from 100 at no cost, and is 50 at the reference",
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
