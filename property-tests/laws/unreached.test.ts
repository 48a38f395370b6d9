/** Laws of upstreams and names that cannot be reached: how often they are asked, and how soon they are found when they are back. */
import fc from "fast-check"
import { describe, expect } from "vitest"
import { faults } from "../../src/core/invariants.ts"
import { addresses, configWith } from "../../test/support/config.ts"
import { Simulation } from "../../src/sim/Simulation.ts"
import { law, met } from "../check.ts"

const HOUR_MS = 3_600_000
const NAME = "web.example"
/** As long as a probe may be under way. A trial's wait begins when the probe before it has failed, and by then it has been away for longer. */
const PROBE_MS = 2_000
const LATE_MS = 2 * PROBE_MS + 1_000
/** From one question to the next the time since the last answer grows by at least so much: as long again, less a tenth. */
const GROWTH = 1.9

const world = fc.record({
  count: fc.integer({ min: 1, max: 5 }),
  answer: fc.constantFrom("refused" as const, "timeout" as const),
  intervalMs: fc.constantFrom(1_000, 10_000, 60_000),
  scoreTtlMs: fc.constantFrom(30_000, 300_000, 1_200_000),
  failureThreshold: fc.integer({ min: 1, max: 8 }),
  enabled: fc.boolean(),
  lastsMs: fc.oneof(fc.integer({ min: 10_000, max: HOUR_MS }), fc.integer({ min: HOUR_MS, max: 48 * HOUR_MS })),
  seed: fc.nat(1_000)
})
type World = typeof world extends fc.Arbitrary<infer A> ? A : never

const dead = ({ count, answer, intervalMs, scoreTtlMs, failureThreshold, enabled, seed }: World, host = "") =>
  new Simulation(
    configWith([{
      host,
      candidates: host === "" ? addresses(count) : [],
      probing: { intervalMs },
      scoreTtlMs,
      breaker: { failureThreshold, enabled },
      pool: { mode: "off" }
    }]),
    { otherwise: answer, seed }
  )

/** How often something may be asked in the time `t` since the beginning. */
function most(tMs: number, leastMs: number, ceilingMs: number): number {
  const below = Math.min(tMs, ceilingMs)
  // At the start, in the rounds that are no trouble yet, then each time that the time has grown; beyond the ceiling once each.
  const rounds = 1 + 3 + 1_000 / leastMs
  const grown = Math.max(0, Math.log(below / leastMs) / Math.log(GROWTH))
  return rounds + grown + 1 + Math.max(0, tMs - ceilingMs) / (0.9 * ceilingMs)
}

describe("an upstream that never answers", () => {
  law(
    "has each candidate probed as often as the logarithm of the time says, and beyond six times scoreTtl once in that time",
    fc.property(world, (it) => {
      const toy = dead(it).start().run(it.lastsMs)
      const ceilingMs = Math.max(it.intervalMs, 6 * it.scoreTtlMs)
      for (const { host } of addresses(it.count)) {
        const asked = toy.probes.filter((one) => one.host === host).map(({ atUs }) => atUs / 1000)
        asked.forEach((atMs, i) => {
          expect(i + 1).toBeLessThanOrEqual(most(atMs + PROBE_MS, it.intervalMs, ceilingMs) + 1)
          if (atMs > 10 * it.intervalMs) met("below the ceiling")
          if (atMs > 2 * ceilingMs) met("at the ceiling")
          // Nor is it forgotten: the wait is no longer than it has been away.
          const waitMs = (asked[i + 1] ?? toy.atMs) - atMs
          expect(waitMs).toBeLessThanOrEqual(Math.min(ceilingMs, Math.max(2 * it.intervalMs, atMs)) + LATE_MS)
        })
      }
      expect(faults(toy.state)).toEqual([])
    }),
    { share: 0.3, floors: { "below the ceiling": 16_000, "at the ceiling": 16_000 } }
  )

  law(
    "is found, when it is back, within the greater of two rounds and the time that it was away",
    fc.property(world, (it) => {
      const toy = dead(it).start().run(it.lastsMs)
      for (const { host } of addresses(it.count)) toy.set(host, 20)
      toy.run(Math.max(2 * it.intervalMs, Math.min(it.lastsMs, 6 * it.scoreTtlMs)) + LATE_MS)
      const found = toy.members().length
      expect(found).toBeGreaterThan(0)
      const backMs = toy.atMs
      toy.run(3 * it.intervalMs)
      expect(toy.members().length).toBe(Math.min(it.count, 3))
      expect(toy.probes.filter(({ atUs }) => atUs / 1000 >= backMs).length).toBeGreaterThanOrEqual(2)
      if (it.lastsMs > 10 * it.intervalMs) met("it was away for long")
    }),
    { share: 0.3, floors: { "it was away for long": 28 } }
  )
})

describe("a name that is never resolved", () => {
  law(
    "is asked for as often as the logarithm of the time says, beyond six times scoreTtl once in that time, and is found within the time",
    fc.property(world, (it) => {
      const toy = dead(it, NAME).start().run(it.lastsMs)
      const ceilingMs = 6 * it.scoreTtlMs
      const asked = toy.queries.map(({ atUs }) => atUs / 1000)
      asked.forEach((atMs, i) => {
        expect(i + 1).toBeLessThanOrEqual(most(atMs + 1, 5_000, ceilingMs))
        if (atMs > 2 * ceilingMs) met("at the ceiling")
        const waitMs = (asked[i + 1] ?? toy.atMs) - atMs
        expect(waitMs).toBeLessThanOrEqual(Math.min(ceilingMs, Math.max(5_000, atMs)) + 2)
      })
      toy.set(addresses(1)[0]!.host, 20).names(NAME, [addresses(1)[0]!.host])
      toy.run(Math.max(5_000, Math.min(it.lastsMs, ceilingMs)) + 1_000)
      expect(toy.members()).toEqual([1])
      met("found")
    }),
    { share: 0.3, floors: { "at the ceiling": 1_600, found: 30 } }
  )
})
