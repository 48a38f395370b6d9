import fc from "fast-check"
import { describe, expect } from "vitest"
import * as Candidates from "../../src/core/candidates.ts"
import { faults } from "../../src/core/invariants.ts"
import { isReady } from "../../src/core/ready.ts"
import * as Upstreams from "../../src/core/upstreams.ts"
import { addresses, configWith, onDemandDefaults } from "../../test/support/config.ts"
import { Simulation } from "../../src/sim/Simulation.ts"
import { law, met } from "../check.ts"

const RTT_MS = 20
const SHORT_MS = 125

/** A long list, where in it addresses live, how many are dialled at once, and when a client comes. */
const longList = fc.record({
  length: fc.integer({ min: 17, max: 300 }),
  alive: fc.array(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), { maxLength: 3 }),
  raceAddresses: fc.constantFrom(8, 64),
  clientAtMs: fc.constantFrom(0, 100, 700)
})

describe("a search of a long list", () => {
  law(
    "serves its client as soon as its races can have come by one that lives, is bounded, and the service is not ready before",
    fc.property(longList, ({ length, alive, raceAddresses, clientAtMs }) => {
      const config = {
        ...configWith([{ candidates: addresses(length), pool: { mode: "off" } }]),
        onDemand: { ...onDemandDefaults, raceAddresses }
      }
      const toy = new Simulation(config, { otherwise: "timeout" })
      const hosts = addresses(length).map(({ host }) => host)
      const live = new Set(alive.map((share) => hosts[Math.floor(share * length)]!))
      for (const host of live) toy.set(host, RTT_MS)
      toy.start().run(clientAtMs)
      if (toy.state.routes.upstreams[0]!.needsDiscovery) {
        met("a client had the list searched")
        met(live.size > 0 ? "an address lives" : "none lives")
        if (length > 2 * raceAddresses) met("several races are needed")
        toy.asks("", 0, 0)
      }
      const endMs = clientAtMs + Math.ceil(length / raceAddresses) * SHORT_MS + RTT_MS
      while (toy.atMs < endMs) {
        const { members, untried } = Upstreams.find(toy.state, 0)!
        expect(isReady(toy.state)).toBe(members.length > 0 || untried === 0)
        toy.run(10)
      }
      expect(toy.members().length > 0).toBe(live.size > 0)
      // An address is not dialled again for as short a wait as it has let pass.
      const waits = new Map<string, number>()
      for (const { host, timeoutMs } of toy.races.flatMap(({ plan }) => plan.attempts)) {
        expect(timeoutMs).toBeGreaterThan(waits.get(host) ?? 0)
        waits.set(host, timeoutMs)
      }
      for (const { plan } of toy.races) expect(plan.attempts.length).toBeLessThanOrEqual(raceAddresses)
      for (const [i, { atUs }] of toy.races.slice(1).entries()) {
        expect(atUs).toBeGreaterThanOrEqual(toy.races[i]!.atUs + 1_000 * SHORT_MS)
      }
      // Silence in short tries says nothing against an address.
      for (const one of Candidates.among(toy.state, Upstreams.find(toy.state, 0)!.listed)) {
        if (one.lastSampleAtUs < 0) expect([one.breaker.consecutive, one.streak, one.penalty.atUs]).toEqual([0, 0, -1])
      }
      expect(faults(toy.state)).toEqual([])
    }),
    {
      share: 0.5,
      floors: {
        "a client had the list searched": 28,
        "an address lives": 12,
        "none lives": 16,
        "several races are needed": 19
      }
    }
  )
})
