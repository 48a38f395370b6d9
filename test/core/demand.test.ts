/** Discovery on first use: names that clients ask for, and upstreams that are not preheated. */
import { describe, expect, it } from "vitest"
import { arrange } from "../../src/core/arrange.ts"
import * as Candidates from "../../src/core/candidates.ts"
import { domainIn } from "../../src/core/domain.ts"
import { faults } from "../../src/core/invariants.ts"
import type { Config } from "../../src/core/model/Config.ts"
import * as Upstreams from "../../src/core/upstreams.ts"
import type { UpstreamChanges } from "../support/config.ts"
import { addresses, configWith, onDemandDefaults, upstreamWith } from "../support/config.ts"
import { Simulation } from "../../src/sim/Simulation.ts"

const [a, b, c] = addresses(9).map(({ host }) => host) as [string, string, string]
const A = "a.example"
const WEB = 0
const HOUR_MS = 3_600_000

/** A preheated upstream, and names on demand. */
function demanding(onDemand: Partial<Config["onDemand"]> = {}, template: UpstreamChanges = {}): Config {
  return {
    ...configWith([{ candidates: [{ host: "198.18.9.9", port: 443 }] }]),
    onDemand: { ...onDemandDefaults, mode: "tcp", ...onDemand },
    template: upstreamWith({ name: "", preheat: false, ...template })
  }
}

const toyOf = (config: Config) => new Simulation(config, { otherwise: 10 }).names(A, [a, b, c]).start().run(1_000)
const domains = (toy: Simulation) => toy.state.config.upstreams.map(domainIn).filter((domain) => domain !== "")
const placeOf = (toy: Simulation, domain: string) => toy.state.config.upstreams.map(domainIn).indexOf(domain)
const routesOf = (toy: Simulation, upstream: number) => toy.state.routes.upstreams[upstream]!
const factsOf = (toy: Simulation, tag: string) => toy.facts.filter(({ _tag }) => _tag === tag)
const probed = (toy: Simulation, upstream: number) =>
  toy.probes.filter(({ candidate }) => Candidates.find(toy.state, candidate)?.upstream === upstream)

describe("a name that a client asks for", () => {
  it("is resolved and raced once for 200 clients, and the winner serves at once with its socket", () => {
    const toy = toyOf(demanding()).set(a, "timeout").set(b, 30).set(c, 20)
    for (let i = 0; i < 200; i++) toy.asks(A)
    expect(domains(toy)).toEqual(["a.example:443"])
    expect(routesOf(toy, 1)).toMatchObject({ needsDiscovery: true, domain: "a.example:443", name: "on-demand" })
    toy.run(200)
    expect(toy.races).toHaveLength(1)
    expect(routesOf(toy, 1).needsDiscovery).toBe(true)
    // The first address drops everything; the second is dialled 250 ms later and answers after 30 ms.
    toy.run(90)
    expect(routesOf(toy, 1)).toMatchObject({ needsDiscovery: false, state: "active" })
    expect(toy.members(1)).toEqual([2])
    toy.client(1_000, 1).client(1_000, 1).run(100)
    const accepted = toy.entries.map(({ event }) => event).filter(({ _tag }) => _tag === "ClientAccepted")
    expect(accepted.map((event) => "warm" in event && event.warm > 0)).toEqual([true, false])
    expect(toy.queries.filter(({ host }) => host === A)).toHaveLength(1)
    expect(factsOf(toy, "UpstreamRefreshed")).toMatchObject([{ upstream: 1, reason: "first-use" }])
    expect(faults(toy.state)).toEqual([])
  })

  it("races address families in turns, next time the address that served first and the one that failed last of its family", () => {
    const six = ["2001:db8::1", "2001:db8::2"]
    const toy = toyOf(demanding({ usedWithinMs: 0 }, { scoreTtlMs: 5_000 })).names(A, [...six, a, b]).set(six[0]!, "refused")
      .set(a, 5)
    toy.asks(A).run(1_000)
    expect(toy.races[0]?.plan.attempts.map(({ host, startAfterMs }) => [host, startAfterMs])).toEqual(
      [[six[0], 0], [a, 250], [six[1], 500], [b, 750]]
    )
    toy.run(120_000).asks(A).run(1_000)
    // The cheapest address served; the one that refused goes behind the others of its family.
    const again = toy.races[1]?.plan.attempts.map(({ host }) => host) ?? []
    expect(again[0]).toBe(a)
    expect(again.indexOf(six[0]!)).toBeGreaterThan(again.indexOf(six[1]!))
  })

  it("races no more than 64 of its 100 addresses, even with a raceDelay of 10 ms", () => {
    const many = addresses(100).map(({ host }) => host)
    const toy = toyOf(demanding({}, { dial: { raceDelayMs: 10 } })).names(A, many).asks(A).run(10)
    expect(toy.races[0]?.plan.attempts).toHaveLength(64)
  })

  it("races only as many addresses as can begin before singleFlightTimeout", () => {
    const most = (singleFlightTimeoutMs: number) => {
      const toy = toyOf(demanding({ singleFlightTimeoutMs })).names(A, addresses(20).map(({ host }) => host)).asks(A).run(10)
      return toy.races[0]?.plan.attempts.map(({ startAfterMs }) => startAfterMs).at(-1)
    }
    expect([most(1_000), most(1_001)]).toEqual([750, 1_000])
  })

  it("has its next candidates probed once after the race, and rounds only while it is used", () => {
    const toy = toyOf(demanding({}, { probing: { challengers: 1 } })).asks(A).run(5_000)
    expect(toy.races).toHaveLength(1)
    expect(probed(toy, 1).map(({ host }) => host)).toEqual([b])
    toy.run(55_000)
    const whileUsed = probed(toy, 1).length
    expect(whileUsed).toBeGreaterThan(10)
    // A minute after its last use it is not probed.
    toy.run(60_000)
    const before = probed(toy, 1).length
    toy.run(60_000)
    expect(probed(toy, 1)).toHaveLength(before)
    // A later use alone starts nothing; rounds go on an interval later.
    toy.client(10, 1).run(9_000)
    expect([probed(toy, 1).length, toy.races.length]).toEqual([before, 1])
    toy.run(5_000)
    expect(probed(toy, 1).length).toBeGreaterThan(before)
  })

  it("is queried and raced again by the first use after all samples have expired, and by none before", () => {
    const toy = toyOf(demanding({ usedWithinMs: 5_000 }, { scoreTtlMs: 60_000 })).asks(A).run(30_000)
    expect(routesOf(toy, 1).needsDiscovery).toBe(false)
    toy.asks(A).run(1_000)
    expect(toy.races).toHaveLength(1)
    toy.run(120_000)
    expect(routesOf(toy, 1)).toMatchObject({ needsDiscovery: true, state: "stale" })
    const queries = toy.queries.length
    toy.asks(A).run(1_000)
    expect(toy.races).toHaveLength(2)
    expect(toy.queries.length).toBe(queries + 1)
    expect(routesOf(toy, 1)).toMatchObject({ needsDiscovery: false, state: "active" })
  })

  it("with only dead addresses sends clients down the ladder, and needs discovery again a few seconds later", () => {
    const toy = toyOf(demanding()).set(a, "refused").set(b, "refused").set(c, "refused").asks(A).run(100)
    expect(routesOf(toy, 1)).toMatchObject({ needsDiscovery: false, state: "system" })
    expect(factsOf(toy, "UpstreamRefreshed")).toMatchObject([{ upstream: 1, reason: "all-failed" }])
    toy.asks(A).run(4_000)
    expect(toy.races).toHaveLength(1)
    toy.set(b, 10).run(2_000)
    expect(routesOf(toy, 1).needsDiscovery).toBe(true)
    toy.asks(A).run(1_000)
    expect(toy.members(1)).toEqual([2])
  })

  it("without any address sends clients down the ladder", () => {
    const toy = toyOf(demanding()).asks("nobody.example").run(100)
    expect(routesOf(toy, 1).needsDiscovery).toBe(false)
    expect(toy.races).toHaveLength(0)
    expect(factsOf(toy, "UpstreamRefreshed")).toMatchObject([{ reason: "no-candidates" }])
  })

  it("that is an address needs no resolver", () => {
    const toy = toyOf(demanding()).asks("2001:db8::1", 8443).run(100)
    expect(domains(toy)).toEqual(["[2001:db8::1]:8443"])
    expect(toy.queries).toHaveLength(0)
    expect(toy.active(1)).toEqual([1])
  })

  it("has no warm sockets where servers greet, before the first client, and a while after the last one", () => {
    const toy = toyOf(demanding()).asks(A, 22).run(5_000).asks(A).run(5_000)
    expect(toy.warmDials.filter(({ port }) => port === 22)).toEqual([])
    expect([toy.warm(a), toy.warmDials.filter(({ host }) => host === a).length]).toEqual([2, 0])
    toy.client(10, 2).run(2_000)
    expect(toy.warmDials.filter(({ host, port }) => host === a && port === 443).length).toBeGreaterThan(0)
    toy.run(90_000)
    expect(toy.warm(a)).toBe(0)
  })

  it("has no warm sockets on any port where servers speak first, and some on the ports beside", () => {
    const greeting = [22, 25, 110, 143, 587, 3306, 5432]
    const dialled = (port: number) => {
      const toy = toyOf(demanding({}, { pool: { mode: "fixed", size: 1 } })).asks(A, port).run(500).client(10, 1).run(500)
      return toy.warmDials.some((one) => one.port === port)
    }
    expect(greeting.filter(dialled)).toEqual([])
    expect(greeting.map((port) => port + 1).filter(dialled)).toEqual(greeting.map((port) => port + 1))
  })

  it("that ends in a dot asks for a certificate without the dot", () => {
    const toy = toyOf(demanding({ mode: "tls" })).names("A.example.", [a]).asks("A.example.").run(10)
    expect(toy.state.config.upstreams[1]?.identity?.servername).toBe("A.example")
    expect(domains(toy)).toEqual(["a.example:443"])
  })

  it("does not appear in labels", () => {
    const toy = toyOf(demanding()).asks(A).run(1_000)
    const [id] = Upstreams.find(toy.state, 1)?.listed ?? []
    expect(Candidates.labelOf(toy.state, id!)).toBe(`on-demand#${id}`)
    expect(Upstreams.labelOf(toy.state, 1)).toBe("on-demand")
  })

  it("makes no upstream while on demand is turned off", () => {
    const toy = toyOf(demanding({ enabled: false })).asks(A).run(1_000)
    expect(domains(toy)).toEqual([])
  })
})

describe("upstreams made on demand", () => {
  it("are at most maxEntries: the least recently used is dropped first, and a configured one never", () => {
    const toy = toyOf(demanding({ maxEntries: 3 }))
    for (const name of ["a", "b", "c"]) toy.asks(`${name}.example`).run(1_000)
    toy.asks("a.example").run(1_000).asks("d.example").run(2_000)
    expect(domains(toy).toSorted()).toEqual(["a.example:443", "c.example:443", "d.example:443"])
    expect(factsOf(toy, "DomainDropped")).toMatchObject([{ reason: "limit" }])
    expect(toy.members(WEB)).toEqual([1])
  })

  it("stay bounded over ten thousand names", () => {
    const toy = toyOf(demanding({ maxEntries: 256 }))
    for (let i = 0; i < 10_000; i++) {
      toy.names(`n${i}.example`, [`198.19.${i % 200}.${1 + (i % 250)}`]).asks(`n${i}.example`).run(12)
      if (i % 5 === 0) toy.client(0, placeOf(toy, `n${i}.example:443`))
    }
    toy.run(2_000)
    expect(domains(toy)).toHaveLength(256)
    expect(factsOf(toy, "DomainDropped")).toHaveLength(10_000 - 256)
    // A dropped upstream drains for a second; some eighty names come in that time.
    expect(toy.state.config.upstreams.length).toBeLessThan(256 + 128)
    expect(toy.state.candidates.length).toBeLessThan(256 + 192)
    expect(toy.members(WEB)).toEqual([1])
    expect(faults(toy.state)).toEqual([])
  }, 120_000)

  it("are not dropped while a session or a race uses them", () => {
    const toy = toyOf(demanding({ maxEntries: 1 })).asks(A).run(100).client(60_000, 1).run(100)
    toy.asks("b.example").asks("c.example").run(100)
    expect(domains(toy)).toContain("a.example:443")
    toy.run(61_000).asks("d.example").run(100)
    expect(domains(toy)).not.toContain("a.example:443")
  })

  it("are dropped when no client has used them for the time idle, and not while a session lasts", () => {
    const toy = toyOf(demanding({ idleMs: HOUR_MS / 2 })).asks(A).run(1_000).client(2 * HOUR_MS, 1).run(HOUR_MS)
    expect(domains(toy)).toEqual(["a.example:443"])
    toy.run(1.1 * HOUR_MS)
    expect(domains(toy)).toEqual([])
    expect(factsOf(toy, "DomainDropped")).toMatchObject([{ reason: "idle" }])
    expect(toy.state.pruneDueUs).toBe(-1)
  })

  it("are dropped exactly after the time idle, and not a millisecond earlier", () => {
    const leftAfter = (forMs: number) =>
      domains(toyOf(demanding({ idleMs: 10_000, pruneIntervalMs: 5_000 })).asks(A).run(forMs)).length
    expect([leftAfter(9_999), leftAfter(10_000)]).toEqual([1, 0])
  })

  it("have no limit with maxEntries 0, and no step drops more than 64 of them", () => {
    const toy = toyOf(demanding({ maxEntries: 0, idleMs: 1_000, pruneIntervalMs: 5_000 }))
    for (let i = 0; i < 100; i++) toy.asks(`n${i}.example`)
    expect(domains(toy)).toHaveLength(100)
    toy.run(5_000)
    const drops = toy.advanced.map(({ decisions }) => decisions.filter(({ _tag }) => _tag === "DomainDropped").length)
    expect(drops.filter((count) => count > 0)).toEqual([64, 36])
    expect(new Set(factsOf(toy, "DomainDropped").map(({ atUs }) => atUs)).size).toBe(1)
  })

  it("are checked once in each pruneInterval", () => {
    const left = (pruneIntervalMs: number) =>
      domains(toyOf(demanding({ idleMs: 10_000, pruneIntervalMs })).asks(A).run(25_000)).length
    expect([left(5_000), left(60_000)]).toEqual([0, 1])
  })

  it("become the configured upstream of their host after a reload, and are dropped when on demand is turned off", () => {
    const toy = toyOf(demanding()).asks(A).run(1_000).asks("b.example").run(1_000)
    const change = (config: Config) => toy.post({ _tag: "ConfigChanged", worker: 0, config }).run(3_000)
    const web = toy.state.config.upstreams[WEB]!
    const mine = upstreamWith({ name: "mine", host: A })
    change({ ...demanding(), upstreams: [web, mine] })
    expect(toy.state.config.upstreams[1]).toMatchObject({ name: "mine", onDemand: false })
    expect(toy.active(1)).toEqual(expect.arrayContaining([1]))
    expect(Upstreams.find(toy.state, 1)).toMatchObject({ name: "mine", usedAtUs: -1 })
    expect(domains(toy)).toEqual(["a.example:443", "b.example:443"])
    change({ ...demanding({ enabled: false }), upstreams: [web, mine] })
    expect(domains(toy)).toEqual(["a.example:443"])
    expect(faults(toy.state)).toEqual([])
  })

  it("follow the general sections after a reload", () => {
    const toy = toyOf(demanding()).asks(A).run(1_000)
    const web = toy.state.config.upstreams[WEB]!
    toy.post({ _tag: "ConfigChanged", worker: 0, config: { ...demanding({}, { attempts: 5 }), upstreams: [web] } })
    expect(toy.state.config.upstreams[1]).toMatchObject({ attempts: 5, host: A, onDemand: true })
    const { config } = toy.state
    expect(arrange(config, config)).toEqual(config)
  })
})

describe("an upstream that is not preheated", () => {
  const lazy = (changes: UpstreamChanges = {}) =>
    new Simulation(configWith([{ preheat: false, candidates: addresses(3), ...changes }]), { otherwise: 10 }).start()

  it("is not probed, resolved or raced until a client asks for it", () => {
    const toy = lazy().run(60_000)
    expect([toy.probes.length, toy.queries.length, toy.races.length]).toEqual([0, 0, 0])
    expect(routesOf(toy, 0)).toMatchObject({ needsDiscovery: true, domain: "" })
    toy.asks("", 0, 0).run(100)
    expect(toy.active(0)).toEqual([1, 2, 3])
    expect(toy.races).toHaveLength(1)
  })

  it("is probed at once when a reload preheats it, and needs discovery again when the next reload does not", () => {
    const toy = lazy().run(1_000)
    const change = (preheat: boolean) => {
      const upstreams = [upstreamWith({ preheat, candidates: addresses(3) })]
      toy.post({ _tag: "ConfigChanged", worker: 0, config: { ...configWith([]), upstreams } })
    }
    change(true)
    toy.run(1_000)
    expect(toy.probes).toHaveLength(3)
    change(false)
    toy.run(600_000)
    expect(routesOf(toy, 0).needsDiscovery).toBe(true)
  })

  it("lets no client wait when the winner of its race may not serve any more", () => {
    const toy = lazy({ pool: { mode: "off" } }).asks("", 0, 0).run(5)
    const identity = { servername: "web.example", ca: "" }
    const upstreams = [upstreamWith({ preheat: false, candidates: addresses(3), pool: { mode: "off" }, identity })]
    toy.post({ _tag: "ConfigChanged", worker: 0, config: { ...configWith([]), upstreams } }).run(10)
    expect(toy.entries.at(-1)?.event._tag).toBe("Raced")
    expect(factsOf(toy, "UpstreamRefreshed").at(-1)).toMatchObject({ reason: "all-failed" })
    expect(routesOf(toy, 0).needsDiscovery).toBe(false)
  })

  it("closes the socket of a race that ends after an operator turned Fairlead off", () => {
    const toy = lazy().asks("", 0, 0).run(5)
    toy.post({ _tag: "EnabledOverridden", worker: 0, enabled: false }).run(20)
    expect(toy.entries.map(({ event }) => event).filter(({ _tag }) => _tag === "Raced" || _tag === "WarmLost"))
      .toMatchObject([{ _tag: "Raced" }, { _tag: "WarmLost", reason: "drained" }])
    expect([a, b, c].map((host) => toy.warm(host))).toEqual([0, 0, 0])
    expect(faults(toy.state)).toEqual([])
    toy.post({ _tag: "EnabledOverridden", worker: 0, enabled: true }).asks("", 0, 0).run(100)
    expect(toy.races).toHaveLength(2)
    expect(toy.warm(a)).toBe(1)
  })

  it("has no trial of an open breaker before its next use", () => {
    const toy = lazy({ breaker: { failureThreshold: 1, cooldownMs: 1_000 } }).set(b, "refused")
    toy.asks("", 0, 0).run(2_000)
    expect(factsOf(toy, "BreakerOpened").length).toBeGreaterThan(0)
    toy.run(300_000)
    const trials = toy.probes.filter(({ host }) => host === b).length
    toy.run(100_000)
    expect(toy.probes.filter(({ host }) => host === b)).toHaveLength(trials)
    toy.asks("", 0, 0).run(20_000)
    expect(toy.probes.filter(({ host }) => host === b).length).toBeGreaterThan(trials)
  })

  it("with its last candidate at threshold sends clients down the ladder at once, without another race", () => {
    const toy = lazy({ candidates: addresses(1), breaker: { failureThreshold: 2 } }).asks("", 0, 0).run(1_000)
    toy.client(10, 0).run(1_000).replies(a, "reset")
    for (let i = 0; i < 5; i++) toy.client(10, 0).run(1_000)
    expect(routesOf(toy, 0)).toMatchObject({ needsDiscovery: false, members: [] })
    const races = toy.races.length
    toy.asks("", 0, 0).run(1_000)
    expect(toy.races).toHaveLength(races)
    toy.replies(a, 1).client(10, 0).run(1_000)
    expect(routesOf(toy, 0).state).toBe("active")
  })

  it("is not probed or raced while everything is off", () => {
    const off = { ...configWith([{ preheat: false, candidates: addresses(3) }]), enabled: false }
    const toy = new Simulation(off, { otherwise: 10 }).start().asks("", 0, 0).run(60_000)
    expect([toy.probes.length, toy.races.length, routesOf(toy, 0).needsDiscovery]).toEqual([0, 0, false])
    expect(faults(toy.state)).toEqual([])
  })
})

describe("members with rounds once an hour", () => {
  const seldom = (more: UpstreamChanges = {}) =>
    configWith([{
      candidates: addresses(4),
      probing: { intervalMs: HOUR_MS },
      scoreTtlMs: 60_000,
      pool: { mode: "off" },
      ...more
    }])

  it("are measured again before they expire", () => {
    const toy = new Simulation(seldom(), { otherwise: 10 }).start().run(HOUR_MS / 2)
    expect(factsOf(toy, "LadderStepped").map((fact) => "to" in fact && fact.to)).toEqual(["active"])
    expect(toy.moves).toHaveLength(1 + 2)
    // About every half minute four probes, and no more.
    expect(toy.probes.length).toBeGreaterThan(4 * 50)
    expect(toy.probes.length).toBeLessThan(4 * 62)
  })

  it("are not renewed while all fail together, as they have trials then, and are renewed again once they are back", () => {
    const config = seldom({ breaker: { enabled: false } })
    const patient = { ...config, autoDisable: { ...config.autoDisable, failures: 1_000 } }
    const toy = new Simulation(patient, { otherwise: 10 }).start().run(60_000)
    for (const { host } of addresses(4)) toy.set(host, "refused")
    toy.run(10 * HOUR_MS)
    const began = factsOf(toy, "CommonCauseBegan")[0]!
    const sinceUs = toy.atUs - 4 * HOUR_MS * 1_000
    // Six times scoreTtl is six minutes: the four are tried once in that time, and no renewal comes beside that.
    const trials = toy.probes.filter(({ atUs }) => atUs > sinceUs)
    expect(sinceUs - began.atUs).toBeGreaterThan(64 * 6 * 60_000 * 1_000 * 0.8)
    expect(trials.length).toBeLessThanOrEqual(4 * 44)
    for (const { host } of addresses(4)) toy.set(host, 10)
    toy.run(6 * 60_000)
    const backUs = toy.atUs
    toy.run(HOUR_MS / 2)
    expect(toy.probes.filter(({ atUs }) => atUs > backUs).length).toBeGreaterThan(4 * 50)
    expect(toy.state.routes.upstreams[0]?.state).toBe("active")
  })

  it("are active from the first answer on after all refused for half an hour, with ever fewer trials meanwhile", () => {
    const config = seldom({ breaker: { enabled: false } })
    const patient = { ...config, autoDisable: { ...config.autoDisable, failures: 1_000 } }
    const toy = new Simulation(patient, { otherwise: 10 }).start().run(60_000)
    for (const { host } of addresses(4)) toy.set(host, "refused")
    const refusesUs = toy.atUs
    toy.run(HOUR_MS / 2)
    const trials = toy.probes.filter(({ atUs }) => atUs > refusesUs)
    expect(trials.length).toBeLessThan(4 * (64 + 64 * 4))
    expect(toy.atUs - trials.at(-1)!.atUs).toBeLessThan((HOUR_MS / 2) * 1_000 / 60)
    for (const { host } of addresses(4)) toy.set(host, 10)
    toy.run(HOUR_MS / 2)
    expect(factsOf(toy, "LadderStepped").map((fact) => "to" in fact && fact.to)).toEqual(["active", "unranked", "active"])
  })
})
