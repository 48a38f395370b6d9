/** What an operator does: turns everything off and on, bypasses an upstream, loads another configuration, refreshes. */
import { describe, expect, it } from "vitest"
import { arrange } from "../../src/core/arrange.ts"
import { connectionsOf } from "../../src/core/candidates.ts"
import type { Config } from "../../src/core/model/Config.ts"
import { isReady } from "../../src/core/ready.ts"
import * as Upstreams from "../../src/core/upstreams.ts"
import type { UpstreamChanges } from "../support/config.ts"
import { addresses, configWith, onDemandDefaults, upstreamWith } from "../support/config.ts"
import { Simulation } from "../../src/sim/Simulation.ts"

const [a, b, c, d] = addresses(9).map(({ host }) => host) as [string, string, string, string]
const at = (...hosts: ReadonlyArray<string>) => hosts.map((host) => ({ host, port: 443 }))
const WEB = "web.example"
const web = (changes: UpstreamChanges = {}): UpstreamChanges => ({ name: "web", candidates: at(a, b), ...changes })
const toyOf = (config: Config) => new Simulation(config, { otherwise: 20 }).set(a, 10).start().run(2_000)
const reload = (toy: Simulation, config: Config) => toy.post({ _tag: "ConfigChanged", worker: 0, config })
const override = (toy: Simulation, enabled: boolean | null) => toy.post({ _tag: "EnabledOverridden", worker: 0, enabled })
const facts = (toy: Simulation, tag: string) => toy.facts.filter(({ _tag }) => _tag === tag)
const candidateOf = (toy: Simulation, host: string) =>
  toy.state.candidates.chunks.flat().find((one) => one !== null && one.host === host)
const states = (toy: Simulation) => toy.state.routes.upstreams.map(({ state }) => state)
const asked = (toy: Simulation) => toy.probes.length + toy.warmDials.length + toy.queries.length

describe("the setting enabled", () => {
  it("as false stops probes, queries and warm dials, empties the set, and sends clients to the last rung", () => {
    const toy = toyOf(configWith([web({ host: WEB })])).names(WEB, [a]).client(60_000).run(100)
    expect(toy.warm(a)).toBeGreaterThan(0)
    const before = asked(override(toy, false).run(100))
    expect([toy.active(), toy.warm(a), toy.warm(b)]).toEqual([[], 0, 0])
    expect(states(toy)).toEqual(["disabled"])
    expect(toy.run(600_000) && asked(toy)).toBe(before)
    toy.client(10).run(1_000)
    expect(toy.unserved).toEqual([])
    expect(toy.active()).toEqual([])
    expect(facts(toy, "EnabledChanged")).toMatchObject([{ enabled: false, override: false }])
    expect(toy.moves.at(-1)!.moves).toMatchObject([{ reason: "disabled" }, { reason: "disabled" }])
  })

  it("as true again serves the old set as stale, probes all candidates, and makes the upstream active by itself", () => {
    const toy = override(toyOf(configWith([web()])), false).run(5_000)
    const probed = toy.probes.length
    override(toy, true)
    expect(states(toy)).toEqual(["stale"])
    toy.run(1_000)
    expect(toy.probes.slice(probed, probed + 2).map(({ host }) => host).toSorted()).toEqual([a, b])
    expect([states(toy), toy.active()]).toEqual([["active"], [1, 2]])
    expect(facts(toy, "PreheatCompleted")).toHaveLength(2)
  })

  it("as true after longer than staleFor finds no candidate that may serve as stale", () => {
    const back = (afterMs: number) =>
      states(override(override(toyOf(configWith([web({ staleForMs: 5_000 })])), false).run(afterMs), true))
    expect([back(4_999), back(5_000)]).toEqual([["stale"], ["unranked"]])
  })

  it("of the file can be overridden until the next reload", () => {
    const config = { ...configWith([web()]), enabled: false }
    const toy = toyOf(config)
    expect([states(toy), toy.probes.length, isReady(toy.state)]).toEqual([["disabled"], 0, true])
    override(toy, true).run(1_000)
    expect(states(toy)).toEqual(["active"])
    reload(toy, config).run(1_000)
    expect([states(toy), toy.state.override]).toEqual([["disabled"], null])
    expect(facts(toy, "EnabledChanged").map((fact) => "enabled" in fact && fact.enabled)).toEqual([true, false])
  })

  it("is replaced for a single upstream by bypass, which reloads turn on and off", () => {
    const config = (bypass: boolean) => configWith([web({ bypass }), { name: "api", candidates: at(c) }])
    const toy = toyOf(config(true))
    expect(states(toy)).toEqual(["disabled", "active"])
    reload(toy, config(false)).run(1_000)
    expect(states(toy)).toEqual(["active", "active"])
    reload(toy, config(true)).run(1_000)
    expect(facts(toy, "LadderStepped").at(-1)).toMatchObject({ upstream: 0, to: "disabled", reason: "bypass" })
  })

  it("as false lets nothing be learned from clients that were refused", () => {
    const toy = override(toyOf(configWith([web({ breaker: { failureThreshold: 2 } })])), false).set(a, "refused")
    for (let i = 0; i < 9; i++) toy.client(10).run(100)
    expect(candidateOf(toy, a)).toMatchObject({ costMs: -1, breaker: { state: "closed", consecutive: 0 } })
    expect(toy.unserved).toEqual([])
  })
})

describe("a reload", () => {
  it("keeps sessions, measurements and breakers of candidates that stay, and lets the others drain", () => {
    const toy = toyOf(configWith([web()])).client(400_000).run(100)
    const known = candidateOf(toy, a)!
    reload(toy, configWith([web({ candidates: at(c, a) })])).run(1)
    expect(candidateOf(toy, a)).toMatchObject({ id: known.id, costMs: known.costMs, streak: known.streak })
    expect(connectionsOf(candidateOf(toy, a)!)).toBe(1)
    expect(candidateOf(toy, b)!.sources).toEqual([])
    expect(toy.run(2_000).active()).toEqual([1, 3])
    expect(facts(toy, "ConfigApplied")).toHaveLength(1)
    reload(toy, configWith([web({ candidates: at(c) })])).run(2_000)
    expect([toy.active(), connectionsOf(candidateOf(toy, a)!), toy.warm(a)]).toEqual([[3], 1, 0])
  })

  it("starts an upstream that it adds as at the start of the process, in a slot of its own", () => {
    const toy = toyOf(configWith([web()]))
    reload(toy, configWith([{ name: "api", candidates: at(c), host: "api.example" }, web()])).names("api.example", [d])
    expect(toy.state.config.upstreams.map(({ name }) => name)).toEqual(["web", "api"])
    toy.run(2_000)
    expect([states(toy), toy.active(1)]).toEqual([["active", "active"], [1, 2]])
    expect(facts(toy, "PreheatStarted").map((fact) => "upstream" in fact && fact.upstream)).toEqual([0, 1])
  })

  it("is followed by a check once a second whether the last session through a removed upstream has ended", () => {
    const toy = toyOf(configWith([web(), { name: "api", candidates: at(c) }])).client(1_500, 1).run(20)
    const nameAfter = (forMs: number) => reload(toy, configWith([web()])).run(forMs).state.config.upstreams[1]!.name
    expect([nameAfter(1_999), nameAfter(2)]).toEqual(["api", ""])
  })

  it("takes candidates, set, warm sockets and probes from a removed upstream, and frees its slot after the last session", () => {
    const both = configWith([web(), { name: "api", candidates: at(c) }])
    const toy = toyOf(both).client(200_000, 1).run(100)
    reload(toy, configWith([web()])).run(1)
    expect([toy.active(1), toy.warm(c), states(toy)]).toEqual([[], 0, ["active", "disabled"]])
    const probed = toy.probes.length
    toy.run(100_000)
    expect(toy.probes.slice(probed).some(({ host }) => host === c)).toBe(false)
    // While the session lasts, no other upstream gets the slot.
    expect(
      reload(toy, configWith([web(), { name: "new", candidates: at(d) }])).state.config.upstreams.map(({ name }) => name)
    )
      .toEqual(["web", "api", "new"])
    toy.run(400_000)
    expect(toy.state.config.upstreams[1]).toMatchObject({ name: "", removed: true })
    reload(toy, configWith([web(), { name: "new", candidates: at(d) }, { name: "more", candidates: at(c) }])).run(1_000)
    expect(toy.state.config.upstreams.map(({ name }) => name)).toEqual(["web", "more", "new"])
    expect([states(toy), toy.active(1)]).toEqual([["active", "active", "active"], [1]])
  })

  it("to another host queries that name, and the addresses of the old one drain", () => {
    const toy = toyOf(configWith([web({ host: WEB })])).names(WEB, [c]).names("other.example", [d]).run(10_000)
    expect(candidateOf(toy, c)!.sources).toEqual(["dns"])
    reload(toy, configWith([web({ host: "other.example" })])).run(2_000)
    expect([candidateOf(toy, c)!.sources, candidateOf(toy, d)!.sources]).toEqual([[], ["dns"]])
    reload(toy, configWith([web()])).run(2_000)
    expect(candidateOf(toy, d)!.sources).toEqual([])
  })

  it("to a smaller set removes the costliest members at once", () => {
    const toy = toyOf(configWith([web({ candidates: at(a, b, c) })]))
    expect(toy.active()).toEqual([1, 2, 3])
    reload(toy, configWith([web({ candidates: at(a, b, c), selector: { activeSetSize: 1 } })]))
    expect(toy.active()).toEqual([1])
    expect(toy.moves.at(-1)!.moves.map(({ reason }) => reason)).toEqual(["surplus", "surplus"])
  })

  it("to a smaller pool closes the surplus of warm sockets, and to mode off closes all", () => {
    const pool = (changes: UpstreamChanges["pool"]) => configWith([web({ pool: changes! })])
    const toy = toyOf(pool({ mode: "fixed", size: 8 }))
    expect(toy.warm(a)).toBe(8)
    reload(toy, pool({ mode: "fixed", size: 2 })).run(5_000)
    expect(toy.warm(a)).toBe(2)
    reload(toy, pool({ mode: "off" })).run(1_000)
    expect(toy.warm(a)).toBe(0)
    const sizes = facts(toy, "PoolResized").flatMap((fact) => "to" in fact && "candidate" in fact ? [fact.to] : [])
    expect(sizes).toEqual([8, 8, 2, 2, 0, 0])
  })

  it("to a shorter interval, another price and no breaker probes sooner, prices anew and closes breakers", () => {
    const config = (changes: UpstreamChanges) => configWith([web({ probing: { intervalMs: 600_000 }, ...changes })])
    const toy = toyOf(config({ breaker: { failureThreshold: 1, cooldownMs: 900_000 }, pool: { mode: "off" } }))
    toy.set(b, "refused").post({ _tag: "RefreshRequested", worker: 0, upstream: 0 }).run(1_000)
    expect(candidateOf(toy, b)!.breaker.state).toBe("open")
    const costMs = candidateOf(toy, a)!.costMs
    const probed = toy.probes.length
    reload(toy, config({ probing: { intervalMs: 1_000 }, scoring: { historyRewardMs: 0 }, breaker: { enabled: false } }))
    expect(candidateOf(toy, b)!.breaker.state).toBe("closed")
    expect(candidateOf(toy, a)!.costMs).toBeGreaterThan(costMs)
    expect(toy.run(3_000).probes.length).toBeGreaterThan(probed)
  })

  it("that turns breakers off lets a candidate serve that was away with an open one and returns later", () => {
    const config = (enabled: boolean) => configWith([web({ host: WEB, candidates: at(b), breaker: { enabled } })])
    const refresh = (toy: Simulation) => toy.post({ _tag: "RefreshRequested", worker: 0, upstream: 0 }).run(1_000)
    const toy = new Simulation(config(true), { otherwise: 20 }).names(WEB, [a]).start().run(2_000)
    toy.set(a, "refused")
    for (let i = 0; i < 5; i++) toy.client().run(10)
    toy.run(60_000)
    expect(candidateOf(toy, a)?.breaker.state).toBe("open")
    refresh(toy.names(WEB, [c]))
    expect(candidateOf(toy, a)).toMatchObject({ sources: [], breaker: { state: "open" } })
    reload(toy, config(false))
    refresh(toy.set(a, 10).names(WEB, [a, c]))
    expect(candidateOf(toy, a)).toMatchObject({ sources: ["dns"], breaker: { state: "closed" } })
    expect(facts(toy, "BreakerClosed")).toHaveLength(1)
    expect(toy.run(60_000).active()).toHaveLength(3)
  })

  it("that configures a name that clients had asked for gives its upstream the configured name, also without preheating", () => {
    const config: Config = { ...configWith([web()]), onDemand: { ...onDemandDefaults, mode: "tcp" } }
    const toy = toyOf(config).names(WEB, [c]).asks(WEB).run(1_000)
    const names = () => [Upstreams.find(toy.state, 1)?.name, toy.state.routes.upstreams[1]!.name]
    expect(names()).toEqual(["on-demand", "on-demand"])
    const mine = upstreamWith({ name: "mine", host: WEB, preheat: false })
    reload(toy, { ...config, upstreams: [...config.upstreams, mine] })
    expect(names()).toEqual(["mine", "mine"])
  })

  it("of the same configuration in another order leaves the routes as they are", () => {
    const config = configWith([web(), { name: "api", candidates: at(c) }])
    const toy = toyOf(config)
    const { version } = toy.state.routes
    reload(toy, { ...config, upstreams: config.upstreams.toReversed() })
    expect(toy.state.routes.version).toBe(version)
    expect(Upstreams.find(toy.state, 0)?.name).toBe("web")
  })
})

describe("arranging a configuration", () => {
  it("gives the same result when it is done twice, and brings removed names back with the old configuration", () => {
    const first = configWith([web(), { name: "api" }])
    const next = configWith([{ name: "x" }, { name: "api" }, { name: "y" }])
    const arranged = arrange(first, next)
    expect(arranged.upstreams.map(({ name, removed }) => `${name}${removed ? " removed" : ""}`))
      .toEqual(["web removed", "api", "x", "y"])
    expect(arrange(first, arranged)).toEqual(arranged)
    expect(arrange(arranged, first).upstreams.map(({ name, removed }) => `${name}${removed ? " removed" : ""}`))
      .toEqual(["web", "api", "x removed", "y removed"])
  })
})

describe("a refresh", () => {
  it("probes each candidate once and queries the name, of one upstream or of all", () => {
    const toy = toyOf(configWith([web({ host: WEB, probing: { intervalMs: 600_000 } }), { name: "api", candidates: at(c) }]))
    const before = { probes: toy.run(4_000).probes.length, queries: toy.queries.length }
    toy.post({ _tag: "RefreshRequested", worker: 0, upstream: 0 }).run(100)
    expect(toy.probes.slice(before.probes).map(({ host }) => host).toSorted()).toEqual([a, b])
    expect(toy.queries.slice(before.queries)).toHaveLength(1)
    expect(facts(toy, "UpstreamRefreshed")).toMatchObject([{ upstream: 0, reason: "requested" }])
    toy.post({ _tag: "RefreshRequested", worker: 0, upstream: "all" })
    expect(facts(toy, "UpstreamRefreshed")).toHaveLength(3)
  })

  it("gives a candidate with an open breaker its trial at once", () => {
    const breaker = { failureThreshold: 1, firstTrialMs: 900_000, cooldownMs: 900_000 }
    const toy = toyOf(configWith([web({ breaker, pool: { mode: "off" } })]))
    toy.set(b, "refused").run(20_000).set(b, 20).run(20_000)
    expect(candidateOf(toy, b)!.breaker.state).toBe("open")
    toy.post({ _tag: "RefreshRequested", worker: 0, upstream: "all" }).run(1_000)
    expect(candidateOf(toy, b)!.breaker.state).toBe("closed")
  })
})

describe("preheating", () => {
  it("ends when all candidates and the resolver have answered or failed", () => {
    const toy = new Simulation(configWith([web({ host: WEB })])).set(a, 30).set(b, "refused").names(WEB, [c]).set(c, 90)
    toy.start().run(50)
    expect([facts(toy, "PreheatStarted").length, facts(toy, "PreheatCompleted").length]).toEqual([1, 0])
    toy.run(100)
    expect(facts(toy, "PreheatCompleted")).toMatchObject([{ reachable: 2 }])
  })

  it("ends after one interval without any answer, and then the core is ready", () => {
    const toy = new Simulation(configWith([web()]), { otherwise: "lost" }).start().run(9_000)
    expect([facts(toy, "PreheatCompleted").length, isReady(toy.state)]).toEqual([0, false])
    toy.run(2_000)
    expect(facts(toy, "PreheatCompleted")).toMatchObject([{ reachable: 0, tookUs: 10_000_000 }])
    expect(isReady(toy.state)).toBe(true)
  })
})
