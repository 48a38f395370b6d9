/** Laws of auto-disable: it begins after so many rounds without any answer, never while something answers, and ends in time. */
import fc from "fast-check"
import { describe, expect } from "vitest"
import { faults } from "../../src/core/invariants.ts"
import * as Upstreams from "../../src/core/upstreams.ts"
import { configWith } from "../../test/support/config.ts"
import { Simulation } from "../../src/sim/Simulation.ts"
import { law, met } from "../check.ts"

const HOSTS = ["198.18.0.1", "198.18.0.2", "198.18.1.1", "198.18.1.2"]
const at = (hosts: ReadonlyArray<string>) => hosts.map((host) => ({ host, port: 443 }))
const INTERVAL_MS = 5_000

const world = fc.record({
  failures: fc.integer({ min: 1, max: 5 }),
  roundMs: fc.constantFrom(5_000, 10_000, 20_000),
  cooldownMs: fc.constantFrom(10_000, 60_000),
  beforeMs: fc.integer({ min: 20_000, max: 40_000 }),
  /** Each so many ms one address answers a client's dial. */
  answersEachMs: fc.integer({ min: 1_000, max: 30_000 }),
  seed: fc.nat(1_000)
})
type World = typeof world extends fc.Arbitrary<infer A> ? A : never

/** Two upstreams whose addresses all answered, and now all refuse. */
function failing({ failures, roundMs, cooldownMs, beforeMs, seed }: World): Simulation {
  const common = { probing: { intervalMs: INTERVAL_MS }, pool: { mode: "off" as const } }
  const config = configWith([
    { ...common, name: "a", candidates: at(HOSTS.slice(0, 2)) },
    { ...common, name: "b", candidates: at(HOSTS.slice(2)) }
  ])
  const toy = new Simulation({ ...config, autoDisable: { failures, roundMs, cooldownMs } }, { seed })
  for (const host of HOSTS) toy.set(host, 10)
  toy.start().run(beforeMs)
  for (const host of HOSTS) toy.set(host, "refused")
  return toy
}

const told = (toy: Simulation, tag: string) => toy.facts.filter(({ _tag }) => _tag === tag)

describe("auto-disable", () => {
  law(
    "begins after that many rounds in which all failed, sends nothing while it lasts, and ends by itself after its cooldown",
    fc.property(world, (it) => {
      const toy = failing(it)
      const fromMs = toy.atMs
      const { failures, roundMs, cooldownMs } = it
      toy.run(failures * roundMs - 100)
      expect(told(toy, "AutoDisabled")).toEqual([])
      while (Upstreams.isEnabled(toy.state) && toy.atMs - fromMs < 1_000_000) toy.run(100)
      const [began] = told(toy, "AutoDisabled")
      expect(began).toMatchObject({ rounds: failures, forMs: cooldownMs })
      // Each round begins with a failure, and one comes at least each interval.
      expect(toy.atMs - fromMs).toBeLessThanOrEqual((failures + 1) * (roundMs + INTERVAL_MS) + 1_000)
      met("it began")
      for (const host of HOSTS) toy.set(host, 10)
      const sent = toy.probes.length
      toy.run(cooldownMs - 200)
      expect(toy.probes).toHaveLength(sent)
      expect(Upstreams.isEnabled(toy.state)).toBe(false)
      expect(toy.state.routes.upstreams.map(({ state }) => state)).toEqual(["disabled", "disabled"])
      toy.run(2_000)
      expect(told(toy, "AutoEnabled")).toMatchObject([{ reason: "cooldown" }])
      expect(toy.state.routes.upstreams.map(({ state }) => state)).toEqual(["active", "active"])
      expect(faults(toy.state)).toEqual([])
    }),
    { share: 0.2, floors: { "it began": 20 } }
  )

  law(
    "does not begin while an address answers once in each round, and an answer to a client on the last resort ends it",
    fc.property(world, (it) => {
      const toy = failing(it)
      const everyMs = Math.min(it.answersEachMs, it.roundMs - 1_000)
      for (const untilMs = toy.atMs + 3 * it.failures * it.roundMs; toy.atMs < untilMs;) {
        toy.set(HOSTS[0]!, 10).client(0)
        toy.run(200).set(HOSTS[0]!, "refused")
        toy.run(everyMs - 200)
        met("an address answered")
      }
      expect(told(toy, "AutoDisabled")).toEqual([])
      for (const untilMs = toy.atMs + 300_000; Upstreams.isEnabled(toy.state) && toy.atMs < untilMs;) toy.run(500)
      expect(Upstreams.isEnabled(toy.state)).toBe(false)
      toy.set(HOSTS[2]!, 10).client(0, 1).run(200)
      met("a client was served on the last resort")
      expect(told(toy, "AutoEnabled")).toMatchObject([{ reason: "answered" }])
      expect(Upstreams.isEnabled(toy.state)).toBe(true)
    }),
    { share: 0.2, floors: { "an address answered": 460, "a client was served on the last resort": 20 } }
  )
})
