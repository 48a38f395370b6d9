/** Laws of the pulse: while this machine's network may be down, probes leave all the time, few of them, and its return is noticed. */
import fc from "fast-check"
import { describe, expect } from "vitest"
import { configWith } from "../../test/support/config.ts"
import { Simulation } from "../../src/sim/Simulation.ts"
import { law, met } from "../check.ts"

const PULSE_MS = 250
const TIMEOUT_MS = 700
const HOSTS = ["198.18.0.1", "198.18.0.2", "198.18.0.3", "198.19.0.1", "198.19.0.2", "198.19.0.3"]
const at = (hosts: ReadonlyArray<string>) => hosts.map((host) => ({ host, port: 443 }))
const REFERENCE = { host: "198.51.100.1", port: 53 }

const world = fc.record({
  rttMs: fc.integer({ min: 1, max: 200 }),
  each: fc.integer({ min: 1, max: 3 }),
  how: fc.constantFrom("timeout" as const, "unreachable" as const),
  intervalMs: fc.constantFrom(10_000, 60_000, 600_000),
  outageMs: fc.integer({ min: 15_000, max: 90_000 }),
  reference: fc.boolean()
})

describe("the pulse", () => {
  law(
    "sends at most one probe of two upstreams each 250 ms in an outage, pauses for no second, and notices the end within one",
    fc.property(world, ({ rttMs, each, how, intervalMs, outageMs, reference }) => {
      const common = { probing: { intervalMs }, pool: { mode: "off" as const } }
      const config = configWith([
        { ...common, name: "a", candidates: at(HOSTS.slice(0, each)) },
        { ...common, name: "b", candidates: at(HOSTS.slice(3, 3 + each)) }
      ])
      const outage = { ...config.outage, connectivity: reference ? [REFERENCE] : [] }
      const autoDisable = { ...config.autoDisable, failures: 1_000_000 }
      const toy = new Simulation({ ...config, outage, autoDisable }, { otherwise: rttMs }).start().run(20_000)
      for (const host of [...HOSTS, REFERENCE.host]) toy.set(host, how)
      // Clients notice first, as long as no round comes.
      toy.client(0, 0).client(0, 1).run(outageMs)
      const began = toy.facts.find(({ _tag }) => _tag === "OutageBegan")
      if (began === undefined) return
      met("an outage was found")
      const sentMs = toy.probes.filter(({ atUs }) => atUs > began.atUs).map(({ atUs }) => atUs / 1000)
      const own = toy.probes.filter(({ atUs, candidate }) => atUs > began.atUs && candidate !== "reference")
      for (const [i, { atUs }] of own.entries()) {
        const within = own.slice(i).filter((one) => one.atUs < atUs + 1_000_000).length
        expect(within).toBeLessThanOrEqual(2 * (1_000 / PULSE_MS + 1))
      }
      if (reference && sentMs.length > own.length) met("a reference was probed")
      // With one candidate of each upstream the next probe waits for the one before.
      const gaps = [...sentMs, toy.atMs].map((atMs, i) => atMs - (sentMs[i - 1] ?? began.atUs / 1000))
      expect(Math.max(...gaps)).toBeLessThanOrEqual(TIMEOUT_MS + 2 * PULSE_MS)
      const backMs = toy.atMs
      for (const host of [...HOSTS, REFERENCE.host]) toy.set(host, rttMs)
      toy.run(TIMEOUT_MS + PULSE_MS + rttMs + 50)
      const ended = toy.facts.find(({ _tag, atUs }) => _tag === "OutageEnded" && atUs >= backMs * 1000)
      expect(ended).toBeDefined()
    }),
    { share: 0.3, floors: { "an outage was found": 40, "a reference was probed": 20 } }
  )

  law(
    "probes no address out of turn while something answers",
    fc.property(world, ({ rttMs, each, intervalMs, outageMs }) => {
      const common = { probing: { intervalMs }, pool: { mode: "off" as const } }
      const config = configWith([
        { ...common, name: "a", candidates: at(HOSTS.slice(0, each)) },
        { ...common, name: "b", candidates: at(HOSTS.slice(3, 3 + each)) }
      ])
      const outage = { ...config.outage, connectivity: [REFERENCE] }
      const toy = new Simulation({ ...config, outage }, { otherwise: rttMs }).start().run(20_000)
      for (const host of HOSTS) toy.set(host, "timeout")
      toy.client(0, 0).client(0, 1).run(outageMs)
      expect(toy.facts.filter(({ _tag }) => _tag === "OutageBegan")).toEqual([])
      if (toy.probes.some(({ candidate }) => candidate === "reference")) met("a reference answered")
      for (const host of HOSTS) toy.set(host, rttMs)
      toy.client(0, 0).client(0, 1).run(10_000)
      const sinceUs = toy.atUs
      toy.run(20_000)
      const sent = toy.probes.filter(({ atUs }) => atUs >= sinceUs)
      expect(sent.filter(({ candidate }) => candidate === "reference")).toEqual([])
      for (const host of HOSTS) {
        expect(sent.filter((one) => one.host === host).length).toBeLessThanOrEqual(20_000 / intervalMs + 1)
      }
    }),
    { share: 0.2, floors: { "a reference answered": 20 } }
  )
})
