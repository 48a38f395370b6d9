/** Features that meet: names found on first use with proofs of identity, outages, access lists, history and reloads. */
import { describe, expect, it } from "vitest"
import * as Candidates from "../../src/core/candidates.ts"
import { domainIn } from "../../src/core/domain.ts"
import { faults } from "../../src/core/invariants.ts"
import type { Config } from "../../src/core/model/Config.ts"
import type { HistoryRecord } from "../../src/core/model/History.ts"
import * as Upstreams from "../../src/core/upstreams.ts"
import { networks } from "../support/access.ts"
import type { UpstreamChanges } from "../support/config.ts"
import { addresses, configWith, onDemandDefaults, upstreamWith } from "../support/config.ts"
import { Simulation } from "../../src/sim/Simulation.ts"

const [a, b, c] = addresses(9).map(({ host }) => host) as [string, string, string]
const A = "a.example"
const SECOND = 1_000
const START_MS = 1_790_000_000_000

/** Names on demand at a port that asks for a proof of identity, beside configured upstreams. */
function demanding(changes: Partial<Config> = {}, template: UpstreamChanges = {}, upstreams = [web]): Config {
  const onDemand = { ...onDemandDefaults, ...changes.onDemand }
  const config = configWith(upstreams)
  return { ...config, ...changes, onDemand, template: upstreamWith({ name: "", preheat: false, ...template }) }
}
const web: UpstreamChanges = { name: "web", candidates: [{ host: "198.19.9.9", port: 443 }] }
const toyOf = (config: Config) => new Simulation(config, { otherwise: 10 }).names(A, [a, b, c]).start().run(SECOND)
const placeOf = (toy: Simulation, domain = `${A}:443`) => toy.state.config.upstreams.map(domainIn).indexOf(domain)
const routesOf = (toy: Simulation) => toy.state.routes.upstreams[placeOf(toy)]!
const factsOf = (toy: Simulation, tag: string) => toy.facts.filter(({ _tag }) => _tag === tag)
const reloaded = (toy: Simulation, config: Config) => toy.post({ _tag: "ConfigChanged", worker: 0, config })
const served = (toy: Simulation, upstream: number) =>
  toy.entries.flatMap(({ event }) =>
    event._tag === "ClientAccepted" && event.upstream === upstream
      ? [Candidates.find(toy.state, event.candidate)?.host ?? "none"]
      : []
  )

describe("names on demand that have to prove their identity", () => {
  it("are served by the honest address although a hijacker is faster, and the hijacker is not raced again", () => {
    const toy = toyOf(demanding({}, { scoreTtlMs: 60_000 })).set(a, 1).impostor(a).set(b, 30).set(c, 40).asks(A).run(SECOND)
    expect(toy.races[0]?.plan.attempts.every(({ verify }) => verify?.servername === A)).toBe(true)
    expect(routesOf(toy)).toMatchObject({ needsDiscovery: false, state: "active" })
    for (let i = 0; i < 100; i++) toy.client(50, placeOf(toy)).run(SECOND)
    expect(new Set(served(toy, placeOf(toy)))).toEqual(new Set([b]))
    expect(toy.warmDials.map(({ host }) => host)).not.toContain(a)
    toy.run(200 * SECOND).asks(A).run(SECOND)
    expect(toy.races).toHaveLength(2)
    expect(toy.races[1]?.plan.attempts.map(({ host }) => host)).not.toContain(a)
    expect(faults(toy.state)).toEqual([])
  })

  it("give the proof again in the race after a long time without a client", () => {
    const toy = toyOf(demanding({}, { scoreTtlMs: 60_000 })).names(A, [a, b]).set(a, 5).asks(A).run(SECOND)
    toy.run(180 * SECOND).impostor(a).asks(A).run(SECOND)
    expect(toy.races[1]?.plan.attempts.map(({ host, verify }) => [host, verify !== undefined])).toEqual([[a, true], [
      b,
      true
    ]])
    expect(toy.members(placeOf(toy))).toEqual([2])
    expect(served(toy.client(0, placeOf(toy)).run(SECOND), placeOf(toy))).toEqual([b])
  })

  it("give the proof in their next race after a reload asks for it, and no probe is sent for that", () => {
    const tcp = demanding({ onDemand: { ...onDemandDefaults, mode: "tcp", usedWithinMs: 1 } })
    const toy = toyOf(tcp).asks(A).run(SECOND)
    const probes = () => toy.probes.filter(({ host }) => [a, b, c].includes(host)).length
    const before = probes()
    reloaded(toy, demanding({ onDemand: { ...onDemandDefaults, usedWithinMs: 1 } })).run(SECOND)
    expect([probes(), routesOf(toy).needsDiscovery]).toEqual([before, true])
    toy.impostor(a).asks(A).run(SECOND)
    expect(routesOf(toy)).toMatchObject({ needsDiscovery: false, state: "active" })
    expect(toy.members(placeOf(toy))).not.toContain(1)
  })
})

describe("names on demand during a local outage", () => {
  const far: UpstreamChanges = { name: "far", candidates: [{ host: "198.20.1.1", port: 443 }] }
  const world = ["198.19.9.9", "198.20.1.1", a, b, c]
  /** So that no candidate of theirs is probed at the end of the outage. */
  const unused = { onDemand: { ...onDemandDefaults, usedWithinMs: 1 } }
  /** Two configured upstreams show the outage. */
  const dark = (changes: Partial<Config> = {}) => {
    const toy = toyOf(demanding(changes, {}, [web, far])).run(20 * SECOND)
    for (const host of world) toy.set(host, "timeout")
    toy.run(20 * SECOND)
    expect(factsOf(toy, "OutageBegan")).toHaveLength(1)
    return toy
  }
  const light = (toy: Simulation) => {
    for (const host of world) toy.set(host, 10)
    return toy
  }
  const records = (toy: Simulation) =>
    (Upstreams.find(toy.state, placeOf(toy))?.listed ?? []).map((id) => Candidates.find(toy.state, id)!)

  it("are not judged by their races, and may be asked for again as soon as the outage is over", () => {
    const toy = dark(unused).asks(A).run(5 * SECOND)
    expect(routesOf(toy)).toMatchObject({ needsDiscovery: false, state: "system" })
    expect(records(toy).map(({ lastSampleAtUs }) => lastSampleAtUs)).toEqual([-1, -1, -1])
    const late = () => toy.state.routes.upstreams[placeOf(toy, "late.example:443")]
    toy.asks("late.example").run(100)
    expect(late()?.needsDiscovery).toBe(false)
    light(toy).names("late.example", [b]).run(2 * SECOND)
    expect(factsOf(toy, "OutageEnded")).toHaveLength(1)
    expect(late()?.needsDiscovery).toBe(true)
    toy.asks("late.example").run(100)
    expect(late()).toMatchObject({ needsDiscovery: false, state: "active" })
    expect(faults(toy.state)).toEqual([])
  })

  it("are raced again when the outage ends before their race does", () => {
    const toy = dark(unused).asks(A).run(SECOND)
    // Dials that were dropped stay silent; later ones are answered.
    light(toy).run(5 * SECOND)
    expect(toy.races).toHaveLength(2)
    expect(factsOf(toy, "UpstreamRefreshed").filter((fact) => "reason" in fact && fact.reason === "all-failed")).toEqual([])
    expect(routesOf(toy)).toMatchObject({ needsDiscovery: false, state: "active" })
  })

  it("are served when their own race ends the outage", () => {
    const toy = dark(unused)
    for (const host of [a, b, c]) toy.set(host, 10)
    toy.asks(A).run(100)
    expect(factsOf(toy, "OutageEnded")).toHaveLength(1)
    expect(routesOf(toy)).toMatchObject({ needsDiscovery: false, state: "active" })
    expect(faults(toy.state)).toEqual([])
  })

  it("bring about no auto-disable when the only one that had answered is dead", () => {
    const toy = toyOf(demanding({}, { breaker: { enabled: false } }, [])).asks(A).run(SECOND)
    for (const host of [a, b, c]) toy.set(host, "refused")
    for (let i = 0; i < 300; i++) toy.client(0, placeOf(toy)).run(SECOND)
    expect(factsOf(toy, "AutoDisabled")).toEqual([])
  })
})

describe("access lists", () => {
  const denied = (host: string): Partial<Config> => ({ access: { allow: [], deny: networks([`${host}/32`]) } })

  it("that change act at once on names on demand, and on their next race", () => {
    const toy = toyOf(demanding()).set(a, 1).asks(A).run(5 * SECOND)
    const queries = toy.queries.length
    expect(toy.members(placeOf(toy))).toContain(1)
    reloaded(toy, demanding(denied(a)))
    expect(JSON.stringify(routesOf(toy).members)).not.toContain(`"${a}"`)
    toy.run(SECOND)
    expect([toy.warm(a), toy.queries.length]).toEqual([0, queries + 1])
    toy.run(400 * SECOND).asks(A).run(SECOND)
    expect(toy.races.at(-1)?.plan.attempts.map(({ host }) => host)).not.toContain(a)
    expect(faults(toy.state)).toEqual([])
  })

  it("that refuse the winner of a race under way have the other addresses raced at once", () => {
    const toy = toyOf(demanding({ onDemand: { ...onDemandDefaults, mode: "tcp" } })).set(a, 100).set(b, 100).asks(A).run(50)
    reloaded(toy, demanding({ ...denied(a), onDemand: { ...onDemandDefaults, mode: "tcp" } })).run(200)
    expect(routesOf(toy)).toMatchObject({ needsDiscovery: false, state: "active" })
    expect([toy.races.length, toy.warm(a)]).toEqual([2, 0])
    expect(faults(toy.state)).toEqual([])
  })

  it("that change do not touch names that no client uses: these are queried at their next use", () => {
    const toy = toyOf(demanding()).asks(A).run(120 * SECOND)
    const queries = toy.queries.length
    reloaded(toy, demanding(denied("203.0.113.9"))).run(SECOND)
    expect(toy.queries).toHaveLength(queries)
    toy.client(0, placeOf(toy)).run(20 * SECOND)
    expect(toy.queries).toHaveLength(queries + 1)
  })

  it("hold for references as well: one that is refused is not probed, and proves nothing", () => {
    const references = ["198.51.100.1", "198.51.100.2"]
    const outage = { connectivity: references.map((host) => ({ host, port: 443 })), timeoutMs: 2_000 }
    const dying = (access: Partial<Config>) => {
      const toy = toyOf(demanding({ ...access, outage })).run(20 * SECOND)
      for (const host of ["198.19.9.9", ...references]) toy.set(host, "timeout")
      return toy.run(20 * SECOND)
    }
    const asked = (
      toy: Simulation
    ) => [...new Set(toy.probes.filter(({ candidate }) => candidate === "reference").map(({ host }) => host))]
    const both = dying({})
    expect([asked(both), factsOf(both, "OutageBegan").length]).toEqual([references, 1])
    const one = dying(denied(references[0]!))
    expect([asked(one), factsOf(one, "OutageBegan").length]).toEqual([[references[1]], 1])
    const none = dying({ access: { allow: networks(["198.19.0.0/16"]), deny: [] } })
    expect([asked(none), factsOf(none, "OutageBegan").length]).toEqual([[], 0])
  })
})

describe("records of earlier runs", () => {
  const record = (address: string, latencyMs: number): HistoryRecord => ({
    ...{ host: A, port: 443, address, sources: ["dns"], latencyMs, network: "home" },
    ...{ measuredMs: START_MS - 60_000, expiresMs: START_MS + 86_400_000 }
  })
  const loaded = (toy: Simulation, records: ReadonlyArray<HistoryRecord>) =>
    toy.post({ _tag: "HistoryLoaded", worker: 0, network: "home", records })

  it("of a name on demand are raced first, with the proof, and no probe is sent beside the race", () => {
    const builtin = [{ host: A, addresses: [c] }]
    const toy = loaded(toyOf(demanding({ builtin })).names(A, [c, b, a]), [record(a, 20), record(b, 10)])
    toy.asks(A)
    expect(toy.races[0]?.plan.attempts.map(({ host, verify }) => [host, verify?.servername])).toEqual([[b, A], [a, A], [
      c,
      A
    ]])
    toy.run(5)
    expect(toy.probes.filter(({ host }) => host !== "198.19.9.9")).toEqual([])
    toy.run(SECOND)
    expect(routesOf(toy)).toMatchObject({ needsDiscovery: false, state: "active" })
    expect(faults(toy.state)).toEqual([])
  })

  it("start nothing for an upstream that is not preheated before its first client", () => {
    const lazy = [web, { name: "lazy", host: A, preheat: false, candidates: [{ host: c, port: 443 }] }]
    const toy = loaded(toyOf(demanding({}, {}, lazy)), [record(a, 20), record(c, 10)]).run(10 * SECOND)
    expect(toy.probes.filter(({ host }) => host !== "198.19.9.9")).toEqual([])
    toy.asks("", 0, 1).run(SECOND)
    expect(toy.races[0]?.plan.attempts.map(({ host }) => host).slice(0, 2)).toEqual([c, a])
  })

  it("start nothing while everything is off", () => {
    const toy = loaded(toyOf(demanding({ enabled: false })), [record(a, 20)]).asks(A).run(10 * SECOND)
    reloaded(toy, demanding({ enabled: false, sources: { ...toy.state.config.sources, history: false } }))
    reloaded(toy, demanding({ enabled: false })).run(10 * SECOND)
    expect([toy.probes.length, toy.races.length]).toEqual([0, 0])
    expect(faults(toy.state)).toEqual([])
  })

  it("come back with a name that was dropped, unless the source history is off", () => {
    const again = (history: boolean) => {
      const sources = { ...configWith([]).sources, history }
      const onDemand = { ...onDemandDefaults, idleMs: 30_000, pruneIntervalMs: 5_000 }
      const toy = toyOf(demanding({ sources, onDemand })).set(c, 1).asks(A).run(100 * SECOND)
      expect(placeOf(toy)).toBe(-1)
      toy.network.names.resolvesAfterMs = 500
      return toy.asks(A).races.length
    }
    expect([again(true), again(false)]).toEqual([2, 1])
  })
})

describe("a reload", () => {
  it("that turns the source dns off and on again has names on demand found anew at their next use", () => {
    const toy = toyOf(demanding()).asks(A).run(5 * SECOND)
    const { sources } = toy.state.config
    reloaded(toy, demanding({ sources: { ...sources, dns: false, history: false } })).run(SECOND)
    expect(routesOf(toy).members).toEqual([])
    toy.asks(A).run(SECOND)
    expect(routesOf(toy)).toMatchObject({ needsDiscovery: false, state: "system" })
    reloaded(toy, demanding()).run(10 * SECOND).asks(A).run(SECOND)
    expect(routesOf(toy)).toMatchObject({ needsDiscovery: false, state: "active" })
    expect(faults(toy.state)).toEqual([])
  })

  it("of the DNS servers has names queried at the new ones, also for a race that waits for the old answer", () => {
    const toy = toyOf(demanding({ onDemand: { ...onDemandDefaults, usedWithinMs: 0 } }))
    toy.network.names.resolvesAfterMs = 400
    toy.asks(A).run(100)
    const servers = ["192.0.2.53"]
    const onDemand = { ...onDemandDefaults, usedWithinMs: 0 }
    reloaded(toy, demanding({ onDemand }, { dns: { servers } })).run(SECOND)
    expect(toy.queries.filter(({ host }) => host === A).map((one) => one.servers)).toEqual([[], servers])
    expect(routesOf(toy)).toMatchObject({ needsDiscovery: false, state: "active" })
  })
})

describe("the warm pool", () => {
  it("stays within poolTotal, however many races are won", () => {
    const toy = toyOf(demanding({ poolTotal: 3 }, { pool: { maxAgeMs: 60_000 } }, []))
    const names = Array.from({ length: 6 }, (_, i) => `n${i}.example`)
    names.forEach((name, i) => toy.names(name, [`203.0.113.${i}`]).asks(name))
    toy.run(SECOND)
    const parked = names.map((_, i) => toy.warm(`203.0.113.${i}`))
    expect([parked.reduce((sum, count) => sum + count, 0), toy.state.warmTotal]).toEqual([3, 3])
    expect(faults(toy.state)).toEqual([])
  })
})
