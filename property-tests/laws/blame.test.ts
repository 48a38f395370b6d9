/** Blame: it is bounded, and both successes and time take it away. */
import fc from "fast-check"
import { describe, expect } from "vitest"
import * as Ewma from "../../src/core/math/Ewma.ts"
import * as SuccessWindow from "../../src/core/math/SuccessWindow.ts"
import type { Candidate } from "../../src/core/model/Candidate.ts"
import type { Scoring, UpstreamConfig } from "../../src/core/model/Config.ts"
import { costMs } from "../../src/core/candidate/cost.ts"
import { companions, scoredUpstream, ScoredWorld } from "../arbitraries/ScoredWorld.ts"
import { law, met } from "../check.ts"

const HOUR_MS = 3_600_000
const LEAST_STAKE_MS = 20
const LEAST_PENALTY_MS = 0.5

/** Penalties up to the greatest that a configuration may have, and scores that do not expire meanwhile. */
const config: fc.Arbitrary<UpstreamConfig> = fc.tuple(scoredUpstream, fc.constantFrom(0, 20, 100, 1_000, 60_000)).map(
  ([one, failurePenaltyMs]) => ({
    ...one,
    scoreTtlMs: 24 * HOUR_MS,
    scoring: { ...one.scoring, failurePenaltyMs, minPlausibleRttMs: 0 }
  })
)

const dial = fc.record({
  gapUs: fc.oneof(fc.nat(100_000), fc.nat(2_000_000), fc.nat(60_000_000)),
  tookUs: fc.oneof(
    { weight: 8, arbitrary: fc.nat(900_000) },
    // Only a repeated SYN explains it.
    { weight: 1, arbitrary: fc.integer({ min: 1_000_000, max: 1_200_000 }) }
  ),
  outcome: fc.oneof(
    { weight: 3, arbitrary: fc.constant("connected" as const) },
    { weight: 2, arbitrary: fc.constantFrom("refused" as const, "timeout" as const, "reset" as const) }
  ),
  /** How many clients come at once, now and then. */
  crowd: fc.oneof({ weight: 5, arbitrary: fc.constant(1) }, { weight: 1, arbitrary: fc.integer({ min: 2, max: 100 }) }),
  /** What the companions do just before, if anything; when they fail too, it may be a common cause. */
  others: fc.oneof(
    { weight: 3, arbitrary: fc.constant("answer" as const) },
    { weight: 1, arbitrary: fc.constantFrom("fail" as const, "nothing" as const) }
  )
})
const dials = fc.array(dial, { minLength: 1, maxLength: 30, size: "max" })

/** A world in which each has answered once, two seconds after the start: no dial is cut short by its beginning. */
function world(config: UpstreamConfig, companionsMs: ReadonlyArray<number>, tookUs: number): ScoredWorld {
  const one = new ScoredWorld(config, companionsMs)
  one.pass(2_000_000)
  one.companionsAnswer()
  one.dialled(tookUs, "connected")
  return one
}

function make(
  one: ScoredWorld,
  { gapUs, tookUs, outcome, crowd, others }: typeof dial extends fc.Arbitrary<infer D> ? D : never
) {
  one.pass(gapUs)
  if (others === "answer") one.companionsAnswer()
  if (others === "fail") one.companionsFail()
  for (let i = 0; i < crowd; i++) one.dialled(tookUs, outcome)
}

/** The cost without any failure, from the latencies alone. */
const NEVER_MS = 1e12

function blameless(candidate: Candidate, scoring: Scoring, atUs: number): number {
  return costMs({ ...candidate, success: SuccessWindow.empty, penalty: Ewma.empty }, scoring, atUs)
}

describe("blame", () => {
  law(
    "is at most failurePenalty and twice the spread of latencies, 20 ms at least, however many failures there are",
    fc.property(config, companions, fc.nat(900_000), dials, (config, companions, firstUs, dials) => {
      const one = world(config, companions, firstUs)
      const { failurePenaltyMs } = config.scoring
      let failures = 0
      let ceilingMs = 0
      let reached = false
      for (const each of dials) {
        make(one, { ...each, crowd: 0 })
        for (let i = 0; i < each.crowd; i++) {
          const known = one.all.filter(({ latency }) => latency.atUs >= 0).map(({ latency }) => latency.value)
          // A wider spread raises the ceiling, from then on.
          const spreadMs = Math.max(...known) - Math.min(...known)
          if (each.outcome !== "connected") {
            failures++
            ceilingMs = Math.max(ceilingMs, Math.min(failurePenaltyMs, Math.max(LEAST_STAKE_MS, 2 * spreadMs)))
          }
          one.dialled(each.tookUs, each.outcome)
          const { candidate } = one
          const withoutMs = costMs({ ...candidate, penalty: Ewma.empty }, config.scoring, one.atUs)
          const penaltyMs = costMs(candidate, config.scoring, one.atUs) - withoutMs
          expect(penaltyMs).toBeLessThanOrEqual(ceilingMs + 1e-9)
          expect(penaltyMs).toBeGreaterThanOrEqual(0)
          if (failures >= 10 && penaltyMs > 0 && penaltyMs > 0.9 * ceilingMs) reached = true
        }
      }
      if (reached) met("the penalty was at its ceiling after ten failures")
    }),
    { floors: { "the penalty was at its ceiling after ten failures": 50 } }
  )

  law(
    "counts at most one failure for each second",
    fc.property(config, companions, fc.array(fc.nat(400_000), { minLength: 2, maxLength: 120, size: "max" }), (...it) => {
      const [config, companions, gapsUs] = it
      const scoring = { ...config.scoring, successWindowMs: 300_000 }
      const one = world({ ...config, scoring }, companions, 20_000)
      const fromUs = one.atUs
      gapsUs.forEach((gapUs, i) => {
        if (i > 0) one.pass(gapUs)
        one.companionsAnswer()
        one.dialled(0, "refused")
      })
      const { failed } = SuccessWindow.totals(one.candidate.success)
      expect(failed).toBeLessThanOrEqual(1 + Math.floor((one.atUs - fromUs) / 1_000_000))
      // And not fewer than one in two: each is counted that comes a second after the last one that was.
      expect(failed).toBeGreaterThanOrEqual(1 + Math.floor((one.atUs - fromUs) / 1_400_000))
      if (gapsUs.length > 2 * failed) met("most failures were not counted")
    }),
    { share: 0.5, floors: { "most failures were not counted": 40 } }
  )

  law(
    "costs the same whether one client or many failed together, at once and later, and whether or not a breaker opens",
    fc.property(
      config,
      fc.record({ enabled: fc.boolean(), failureThreshold: fc.integer({ min: 1, max: 20 }) }),
      companions,
      dials,
      fc.integer({ min: 2, max: 200 }),
      fc.constantFrom("refused" as const, "reset" as const, "unreachable" as const),
      (config, breaker, companions, past, crowd, outcome) => {
        const [alone, together] = [1, crowd].map((count) => {
          const one = world(config, companions, 20_000)
          for (const each of past) make(one, each)
          one.companionsAnswer()
          // As if the configuration had just been reloaded: the past is the same in both.
          const [first] = one.state.config.upstreams
          const changed = { ...first!, breaker: { ...first!.breaker, ...breaker } }
          one.state = { ...one.state, config: { ...one.state.config, upstreams: [changed] } }
          for (let i = 0; i < count; i++) one.dialled(0, outcome)
          const costs = [one.candidate.costMs, one.candidate.forecastMs]
          const isDearer = one.candidate.costMs > blameless(one.candidate, config.scoring, one.atUs)
          for (const gapUs of [100_000, 900_000, 3_000_000, 60_000_000, 400_000_000]) {
            one.pass(gapUs)
            costs.push(one.candidate.costMs, one.candidate.forecastMs)
          }
          return { costs, isDearer }
        })
        expect(together!.costs).toEqual(alone!.costs)
        if (alone!.isDearer) met("one failure made it dearer")
      }
    ),
    { share: 0.5, floors: { "one failure made it dearer": 60 } }
  )

  law(
    "is forgiven by ten successes in a row: the cost is that of a candidate with the same latencies that never failed",
    fc.property(
      config,
      companions,
      dials,
      fc.array(fc.tuple(fc.oneof(fc.nat(20_000), fc.nat(1_000_000)), fc.nat(900_000)), { minLength: 10, maxLength: 10 }),
      (config, companions, dials, successes) => {
        // There is no reward for twenty successes here, and a success with a lost SYN would count as a failure.
        const scoring = { ...config.scoring, historyRewardMs: 0 }
        const past = dials.map((each) => ({ ...each, tookUs: each.tookUs % 900_000 }))
        let dearerMs = 0
        const [blamed, innocent] = [true, false].map((fails) => {
          const one = world({ ...config, scoring }, companions, 20_000)
          for (const each of past) {
            const skips = each.outcome !== "connected" && !fails
            make(one, { ...each, others: each.others === "fail" ? "answer" : each.others, crowd: skips ? 0 : each.crowd })
          }
          one.companionsAnswer()
          if (fails) {
            one.dialled(0, "refused")
            dearerMs = one.candidate.costMs - blameless(one.candidate, scoring, one.atUs)
          }
          for (const [gapUs, tookUs] of successes) {
            one.pass(gapUs)
            one.dialled(tookUs, "connected")
          }
          return one.candidate
        })
        expect(blamed!.latency).toEqual(innocent!.latency)
        expect(blamed!.costMs).toBe(innocent!.costMs)
        expect(blamed!.forecastMs).toBe(innocent!.forecastMs)
        if (dearerMs > 0) met("its failures made it dearer")
      }
    ),
    { share: 0.5, floors: { "its failures made it dearer": 60 } }
  )

  law(
    "goes by time alone: no cost rises without a sample, and none is left after successWindow and the fading of the penalty",
    fc.property(config, companions, fc.nat(900_000), dials, (config, companions, firstUs, dials) => {
      // An upstream that fails as a whole for longer than that is given up, and its costs with it.
      const one = world({ ...config, staleForMs: NEVER_MS }, companions, firstUs)
      for (const each of dials) make(one, each)
      const { scoring } = config
      // Until no sample window is open that would add a sample later.
      one.pass(1_000 * Math.max(2_000, config.probing.intervalMs / 2))
      const costsMs = one.all.map((candidate) => candidate.costMs)
      const least = one.all.map((candidate) => blameless(candidate, scoring, one.atUs))
      if (costsMs[0]! > least[0]!) met("its failures made it dearer")
      const greatestMs = Math.max(...one.all.map(({ penalty }) => penalty.value))
      const fadingMs = scoring.decayMs * (0.5 + Math.max(0, Math.log(greatestMs / LEAST_PENALTY_MS)))
      one.pass(Math.ceil(1_000 * (scoring.successWindowMs + fadingMs)), false, () => {
        one.all.forEach((candidate, i) => {
          expect(candidate.costMs).toBeLessThanOrEqual(costsMs[i]! + 1e-12 * Math.abs(costsMs[i]!))
          costsMs[i] = candidate.costMs
        })
      })
      one.all.forEach((candidate, i) => {
        expect(candidate.costMs).toBe(least[i])
        expect(candidate.fadeDueUs).toBe(-1)
      })
    }),
    { floors: { "its failures made it dearer": 40 } }
  )
})
