/** A long list of which few addresses live: when they are found, and what a short try is worth. */
import { describe, expect, it } from "vitest"
import * as Candidates from "../../src/core/candidates.ts"
import { faults } from "../../src/core/invariants.ts"
import type { Config } from "../../src/core/model/Config.ts"
import { isReady } from "../../src/core/ready.ts"
import type { UpstreamChanges } from "../support/config.ts"
import { addresses, configWith } from "../support/config.ts"
import { Simulation } from "../../src/sim/Simulation.ts"

const LONG = 1_024
const hosts = addresses(LONG).map(({ host }) => host)
const config = (changes: UpstreamChanges = {}, count = LONG, probing: Partial<Config["probing"]> = {}) =>
  configWith([{ candidates: addresses(count), pool: { mode: "off" }, ...changes }], probing)
const toyOf = (wanted = config()) => new Simulation(wanted, { otherwise: "timeout" })
const listed = (toy: Simulation) => toy.state.upstreams.chunks[0]![0]!.listed.map((id) => Candidates.find(toy.state, id)!)
const asks = (toy: Simulation) => toy.state.routes.upstreams[0]!.needsDiscovery
/** The moment from which on something holds, looked for every so often; infinite when it never does. */
function since(toy: Simulation, holds: () => boolean, withinMs: number, stepMs = 10): number {
  const endMs = toy.atMs + withinMs
  while (toy.atMs < endMs) {
    if (holds()) return toy.atMs
    toy.run(stepMs)
  }
  return Number.POSITIVE_INFINITY
}
/** A client that waits where the routes say so, as the shell has it. */
const comes = (toy: Simulation) => asks(toy) ? toy.asks("", 0, 0) : toy
const dialledAtOnce = (toy: Simulation) => Math.max(0, ...toy.races.map(({ plan }) => plan.attempts.length))

describe("1,024 addresses of which two live, with default settings", () => {
  it.each([[0, 1], [0, 1_023], [105, 106], [300, 700], [576, 960], [800, 801], [820, 850], [1_022, 1_023]])(
    "at places %i and %i: the first client is served within 3 s, the best serves within 30 s, and not ready before",
    (first, second) => {
      const toy = toyOf().set(hosts[first]!, 40).set(hosts[second]!, 20).start()
      comes(toy)
      expect(isReady(toy.state)).toBe(false)
      expect(since(toy, () => toy.members().length > 0, 10_000)).toBeLessThan(2_200)
      expect(isReady(toy.state)).toBe(true)
      expect(asks(toy)).toBe(false)
      toy.client(10).run(200)
      expect(toy.unserved).toEqual([])
      expect(since(toy, () => toy.members()[0] === second + 1, 40_000)).toBeLessThan(25_000)
      expect(dialledAtOnce(toy)).toBeLessThanOrEqual(64)
      expect(faults(toy.state)).toEqual([])
    }
  )

  it("without a client only probes go out, within their rate, and each address is tried once within 21 s", () => {
    const toy = toyOf().start()
    expect(since(toy, () => isReady(toy.state), 40_000, 50)).toBeLessThan(21_000)
    expect(toy.races).toEqual([])
    expect(new Set(toy.probes.map(({ host }) => host)).size).toBe(LONG)
    expect(toy.probes.filter(({ atUs }) => atUs < 10_000_000).length).toBeLessThanOrEqual(10 * 50 + 16)
    expect(toy.facts.filter(({ _tag }) => _tag === "PreheatCompleted")).toMatchObject([{ reachable: 0 }])
    expect(toy.state.upstreams.chunks[0]![0]).toMatchObject({ untried: 0, unsampled: LONG })
  })

  it("is not ready after an interval in which no address answered and some were not tried", () => {
    const toy = toyOf().start().run(11_000)
    expect(isReady(toy.state)).toBe(false)
  })
})

describe("an address that lets short tries pass", () => {
  const one = (toy: Simulation, host: string) => listed(toy).find((candidate) => candidate.host === host)!
  const waits = (toy: Simulation, host: string) =>
    toy.probes.filter((probe) => probe.host === host).map((probe) => probe.timeoutMs)

  it("is no failure for that, and is waited for twice as long each time, until the whole time limit has passed", () => {
    const toy = toyOf(config({}, 40)).start().run(3_000)
    expect(one(toy, hosts[39]!)).toMatchObject({
      lastSampleAtUs: -1,
      streak: 0,
      breaker: { consecutive: 0, state: "closed" }
    })
    expect(one(toy, hosts[39]!).success).toEqual(listed(toy)[0]!.success)
    toy.run(17_000)
    expect(waits(toy, hosts[0]!).slice(0, 4)).toEqual([250, 500, 1_000, 2_000])
    expect(one(toy, hosts[0]!)).toMatchObject({ breaker: { consecutive: 1 } })
    expect(one(toy, hosts[0]!).lastSampleAtUs).toBeGreaterThan(0)
    expect(faults(toy.state)).toEqual([])
  })

  it("is found in its second round at a round trip of 400 ms", () => {
    const toy = toyOf(config({}, 200)).set(hosts[90]!, 400).start()
    const foundMs = since(toy, () => toy.members().length > 0, 20_000)
    // 200 at 50 a second, then half of the list at 32 a second.
    expect(foundMs).toBeGreaterThan(4_000)
    expect(foundMs).toBeLessThan(8_000)
    expect(one(toy, hosts[90]!).latency.value).toBeCloseTo(400)
  })

  it("waits for its turn once as many have answered as the set is large", () => {
    const toy = toyOf(config({}, 64))
    for (const host of hosts.slice(0, 3)) toy.set(host, 20)
    toy.start().run(8_000)
    expect(toy.members()).toHaveLength(3)
    expect(toy.probes.filter(({ timeoutMs }) => timeoutMs > 250)).toEqual([])
    toy.run(20_000)
    expect(toy.probes.filter(({ timeoutMs }) => timeoutMs === 500).length).toBeGreaterThan(0)
  })

  it("does so in no list of which all can be probed at once", () => {
    const toy = toyOf(config({}, 16)).set(hosts[3]!, 400).start().run(500)
    expect(toy.probes.every(({ timeoutMs }) => timeoutMs === 2_000)).toBe(true)
    expect(toy.members()).toEqual([4])
  })

  it("does so in many short lists that wait for the same places", () => {
    const upstreams = Array.from({ length: 50 }, (_, i) => ({
      name: `u${i}`,
      candidates: addresses(500).slice(10 * i, 10 * i + 10),
      pool: { mode: "off" as const }
    }))
    const toy = new Simulation(configWith(upstreams), { otherwise: "timeout" }).set(hosts[495]!, 20).start()
    expect(since(toy, () => toy.members(49).length > 0, 60_000, 100)).toBeLessThan(11_000)
    expect(faults(toy.state)).toEqual([])
  })
})

describe("a search for clients", () => {
  it("dials no address twice before it has come round, and waits twice as long then", () => {
    const toy = toyOf(config({}, 200)).start()
    comes(toy).run(700)
    const first = toy.races.flatMap(({ plan }) => plan.attempts.filter(({ timeoutMs }) => timeoutMs === 125))
    expect(new Set(first.map(({ host }) => host)).size).toBe(first.length)
    toy.run(2_000)
    const waits = toy.races.flatMap(({ plan }) => plan.attempts.map(({ timeoutMs }) => timeoutMs))
    expect(waits).toContain(250)
    expect(waits).toContain(500)
  })

  it("goes on for as long as its clients wait, then lets them go down the ladder for a while, and begins again", () => {
    const toy = toyOf().start()
    comes(toy).run(9_900)
    expect(asks(toy)).toBe(true)
    toy.run(1_000)
    expect(asks(toy)).toBe(false)
    expect(toy.facts.findLast(({ _tag }) => _tag === "UpstreamRefreshed")).toMatchObject({ reason: "all-failed" })
    const races = toy.races.length
    toy.run(3_000)
    expect(toy.races).toHaveLength(races)
    toy.run(9_000)
    expect(asks(toy)).toBe(true)
    comes(toy).run(500)
    expect(toy.races.length).toBeGreaterThan(races)
    expect(faults(toy.state)).toEqual([])
  })

  it("is prolonged by a client that comes while others are searched for", () => {
    const toy = toyOf().start()
    comes(toy).run(8_000)
    comes(toy).run(9_000)
    expect(asks(toy)).toBe(true)
    expect(toy.races.at(-1)!.atUs).toBeGreaterThan(12_000_000)
  })

  it("ends with the worker that raced, and begins again", () => {
    const toy = toyOf().start()
    comes(toy).run(500).post({ _tag: "WorkerLost", worker: 0 })
    expect(asks(toy)).toBe(false)
    toy.set(hosts[400]!, 20).run(5_001)
    const races = toy.races.length
    comes(toy).run(2_500)
    expect(toy.races.length).toBeGreaterThan(races)
    expect(faults(toy.state)).toEqual([])
  })

  it("passes over an address that answers faster than light, and goes on", () => {
    const toy = toyOf(config({ scoring: { minPlausibleRttMs: 5 } })).set(hosts[1_000]!, 1).set(hosts[900]!, 20).start()
    comes(toy).run(1_000)
    expect(toy.members()).toEqual([901])
  })

  it("takes a refusal for the failure that it is, and dials an address that refused no more", () => {
    const toy = new Simulation(config({}, 300), { otherwise: "refused" }).start()
    comes(toy).run(2_000)
    const dialled = toy.races.flatMap(({ plan }) => plan.attempts.map(({ host }) => host))
    expect(new Set(dialled).size).toBe(dialled.length)
    expect(listed(toy).every(({ breaker }) => breaker.consecutive >= 1)).toBe(true)
    expect(asks(toy)).toBe(false)
    expect(faults(toy.state)).toEqual([])
  })

  it.each<readonly [string, UpstreamChanges]>([
    ["a fallback list", { fallback: [{ host: "198.19.0.1", port: 443 }] }],
    ["a name", { host: "web.test" }],
    ["no more addresses than can be probed at once", { candidates: addresses(16) }],
    ["no opinion, by wish", { bypass: true }]
  ])("is made for no upstream with %s", (_, changes) => {
    const toy = toyOf(config(changes)).start().run(10)
    expect(asks(toy)).toBe(false)
    toy.asks("", 0, 0).run(1_000)
    expect(toy.races).toEqual([])
  })

  it("is made of a long list that is found on first use as well", () => {
    const toy = toyOf(config({ preheat: false })).set(hosts[300]!, 20).start()
    expect(since(comes(toy), () => toy.members().length > 0, 10_000)).toBeLessThan(3_000)
    expect(toy.races.every(({ plan }) => plan.attempts.length <= 64)).toBe(true)
  })

  it("ends when a reload leaves a list that needs none, and goes on over one that changes nothing here", () => {
    const toy = toyOf().start()
    comes(toy).run(500)
    const { config: before } = toy.state
    toy.post({ _tag: "ConfigChanged", worker: 0, config: { ...before, poolTotal: 10 } }).run(500)
    expect([asks(toy), toy.races.at(-1)!.atUs > 800_000]).toEqual([true, true])
    const upstreams = before.upstreams.map((one) => ({ ...one, candidates: one.candidates.slice(0, 4) }))
    toy.post({ _tag: "ConfigChanged", worker: 0, config: { ...before, upstreams } }).run(1_000)
    const races = toy.races.length
    expect(asks(toy)).toBe(false)
    toy.run(5_000)
    expect(toy.races).toHaveLength(races)
    expect(faults(toy.state)).toEqual([])
  })
})
