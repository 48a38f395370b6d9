/** Limits of a race that an operator sets. */
import { describe, expect, it } from "vitest"
import type { OnDemand } from "../../src/core/model/Config.ts"
import { configWith, onDemandDefaults, upstreamWith } from "../support/config.ts"
import { Simulation } from "../../src/sim/Simulation.ts"

const NAME = "svc.example"
const HOSTS = Array.from({ length: 5 }, (_, i) => `198.18.0.${i + 1}`)

/** All addresses refuse. */
const asked = (changes: Partial<OnDemand>) => {
  const template = upstreamWith({ name: "", preheat: false, dial: { raceDelayMs: 100, deadlineMs: 10_000, timeoutMs: 500 } })
  const toy = new Simulation({ ...configWith([]), onDemand: { ...onDemandDefaults, ...changes }, template }, {
    otherwise: "refused"
  })
  return toy.names(NAME, HOSTS).start().asks(NAME)
}

describe("a race", () => {
  it("dials no more than raceAddresses of a list of five", () => {
    const raced = (raceAddresses: number) =>
      asked({ raceAddresses }).run(2_000).races[0]?.plan.attempts.map(({ host }) => host)
    expect(raced(64)).toEqual(HOSTS)
    expect(raced(2)).toEqual(HOSTS.slice(0, 2))
    expect(raced(1)).toEqual(HOSTS.slice(0, 1))
  })

  it("that no address won can run again once retryAfter is over, and not before", () => {
    const races = (retryAfterMs: number) => {
      const toy = asked({ retryAfterMs, usedWithinMs: 0 }).run(1_000)
      expect(toy.races.length).toBe(1)
      toy.run(retryAfterMs - 2_000)
      expect(toy.state.routes.upstreams[0]?.needsDiscovery).not.toBe(true)
      toy.run(2_000)
      expect(toy.state.routes.upstreams[0]?.needsDiscovery).toBe(true)
      return toy.asks(NAME).run(1_000).races.length
    }
    expect([races(5_000), races(60_000)]).toEqual([2, 2])
  })
})
