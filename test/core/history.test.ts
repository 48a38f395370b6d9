/** What earlier runs knew: which candidates it names, in what order it probes, for how long it serves, and what a run leaves. */
import { describe, expect, it } from "vitest"
import { historyOf, recall } from "../../src/core/history.ts"
import { faults } from "../../src/core/invariants.ts"
import type { Config } from "../../src/core/model/Config.ts"
import type { Fact } from "../../src/core/model/Decision.ts"
import type { HistoryRecord } from "../../src/core/model/History.ts"
import type { UpstreamChanges } from "../support/config.ts"
import { addresses, configWith } from "../support/config.ts"
import { Simulation } from "../../src/sim/Simulation.ts"

const WALL_MS = 1_790_000_000_000
const SECOND = 1_000
const HOUR = 3_600_000
const DAY = 24 * HOUR
const SITE = "site.example"
const [a, b, c] = ["198.18.0.1", "198.18.0.2", "198.18.0.3"] as const

/** Measured a minute before the start, in the network home. */
const record = (address: string, latencyMs: number, changes: Partial<HistoryRecord> = {}): HistoryRecord => ({
  host: "",
  upstream: "web",
  port: 443,
  address,
  sources: ["user-static"],
  latencyMs,
  measuredMs: WALL_MS - 60 * SECOND,
  expiresMs: WALL_MS + DAY,
  network: "home",
  ...changes
})
const ofSite = (address: string, latencyMs: number, changes: Partial<HistoryRecord> = {}): HistoryRecord => {
  const { upstream: _, ...rest } = record(address, latencyMs, { host: SITE, sources: ["dns"], ...changes })
  return rest
}

const started = (config: Config, records: ReadonlyArray<HistoryRecord>, world: (toy: Simulation) => void = () => {}) => {
  const toy = new Simulation(config)
  world(toy)
  return toy.start().post({ _tag: "HistoryLoaded", worker: 0, network: "home", records })
}
const three: UpstreamChanges = { candidates: addresses(3) }
const stateOf = (toy: Simulation, upstream = 0) => toy.state.routes.upstreams[upstream]!.state
const order = (toy: Simulation) => toy.state.routes.upstreams[0]!.lastResort.attempts.map(({ host }) => host)
const steps = (toy: Simulation) =>
  toy.facts.filter((fact): fact is Extract<Fact, { _tag: "LadderStepped" }> & { atUs: number } =>
    fact._tag === "LadderStepped"
  )
    .map(({ from, to }) => `${from} > ${to}`)
/** This machine cannot measure, which says nothing about any candidate. */
const cannotMeasure = (toy: Simulation) => void toy.set(a, "local").set(b, "local").set(c, "local")
const candidate = (toy: Simulation, host: string) =>
  toy.state.candidates.chunks.flat().find((one) => one?.host === host) ?? undefined

describe("what an earlier run knew", () => {
  it("serves at once, the best first and as stale, gets warm sockets, and enters the set only with a sample", () => {
    const toy = started(configWith([three]), [record(a, 50), record(b, 10)], (toy) => toy.set(a, 50).set(b, 10).set(c, 30))
    expect(stateOf(toy)).toBe("stale")
    expect(order(toy).slice(0, 2)).toEqual([b, a])
    expect(new Set(toy.warmDials.map(({ host, atUs }) => `${host} ${atUs}`))).toEqual(new Set([`${a} 0`, `${b} 0`]))
    expect(toy.active()).toEqual([])
    toy.client(10)
    expect(toy.run(SECOND).unserved).toEqual([])
    expect(toy.active()).toEqual([2, 3, 1])
    expect(toy.warm(b)).toBeGreaterThan(0)
    expect(steps(toy)).toEqual(["unranked > stale", "stale > active"])
    expect(faults(toy.state)).toEqual([])
  })

  it("is probed before all other candidates", () => {
    const config = configWith([{ candidates: addresses(40), pool: { mode: "off" } }], { maxParallel: 1 })
    const known = ["198.18.0.31", "198.18.0.22"]
    const toy = new Simulation(config, { otherwise: 5 })
    toy.start().post({ _tag: "HistoryLoaded", worker: 0, network: "", records: known.map((host) => record(host, 9)) })
    toy.run(SECOND)
    // The first probe had gone out with the start.
    expect(toy.probes.slice(1, 3).map(({ host }) => host).toSorted()).toEqual(known.toSorted())
  })

  it("serves for the first second when it is old, and until scoreTtl when it is young", () => {
    const config = configWith([{ ...three, scoreTtlMs: 300_000 }])
    const old = started(config, [record(a, 5, { measuredMs: WALL_MS - HOUR })], cannotMeasure)
    expect(stateOf(old.run(999))).toBe("stale")
    expect(stateOf(old.run(2))).toBe("unranked")
    const young = started(config, [record(a, 5, { measuredMs: WALL_MS - 200 * SECOND })], cannotMeasure)
    expect(stateOf(young.run(99 * SECOND))).toBe("stale")
    expect(stateOf(young.run(2 * SECOND))).toBe("unranked")
  })

  it("serves for as long as history.serveFor says", () => {
    const old = [record(a, 5, { measuredMs: WALL_MS - HOUR })]
    const during = (serveForMs: number, afterMs: number) =>
      stateOf(started({ ...configWith([three]), history: { maxEntries: 9, serveForMs } }, old, cannotMeasure).run(afterMs))
    expect([during(0, 0), during(5_000, 4_990), during(5_000, 5_010)]).toEqual(["unranked", "stale", "unranked"])
  })

  it("serves for no more than a second when it was measured in another network", () => {
    const toy = started(configWith([three]), [record(a, 5, { network: "office" })], cannotMeasure)
    expect([stateOf(toy), stateOf(toy.run(1_001))]).toEqual(["stale", "unranked"])
  })

  it("never serves once its record has expired, whatever its age and limits say", () => {
    const config = configWith([{ ...three, staleForMs: 30_000 }])
    expect(stateOf(started(config, [record(a, 5)], cannotMeasure))).toBe("unranked")
    const soon = record(a, 5, { expiresMs: WALL_MS + 400 })
    const toy = started(configWith([three]), [soon], cannotMeasure)
    expect([stateOf(toy.run(390)), stateOf(toy.run(20))]).toEqual(["stale", "unranked"])
  })

  it("may name any number of addresses, of which the best sixteen may serve", () => {
    const hosts = addresses(18).map(({ host }) => host)
    const records = hosts.map((host, i) => record(host, 10 + i))
    // A refusal is an answer; about an address that this machine could not try nothing is known.
    const rest = (refusing: number) =>
      started(configWith([{ candidates: addresses(18) }]), records, (toy) => {
        hosts.forEach((host, i) => toy.set(host, i < refusing ? "refused" : "local"))
      }).run(900)
    expect([stateOf(rest(15)), stateOf(rest(16))]).toEqual(["stale", "unranked"])
  })

  it("stops serving with the first sample, even a failure, and when it keeps clients waiting", () => {
    const toy = started(configWith([three]), [record(a, 5), record(b, 9)], (toy) => toy.set(a, "refused").set(b, "lost"))
    expect(order(toy).slice(0, 2)).toEqual([a, b])
    expect(order(toy.run(10)).at(0)).toBe(b)
    expect(stateOf(toy)).toBe("stale")
    // Nine milliseconds were enough yesterday; a hundred say that something is wrong.
    expect(stateOf(toy.run(100))).toBe("unranked")
  })

  it.each([0, 1])(
    "leads to no new probe of an address that answered %d ms after the start, before it was loaded",
    (answersAfterMs) => {
      const toy = new Simulation(configWith([{ candidates: addresses(1), pool: { mode: "off" } }])).set(a, answersAfterMs)
      toy.start().run(answersAfterMs)
      expect(toy.active()).toEqual([1])
      toy.post({ _tag: "HistoryLoaded", worker: 0, network: "home", records: [record(a, 9)] }).run(SECOND)
      expect(toy.probes).toHaveLength(1)
      expect(stateOf(toy)).toBe("active")
      expect(faults(toy.state)).toEqual([])
    }
  )

  it("ages with a sleep, and gets no younger when the clock is set back", () => {
    const toy = started(configWith([three]), [record(a, 5)], cannotMeasure).run(2 * SECOND)
    expect(stateOf(toy)).toBe("stale")
    toy.post({ _tag: "WallRead", worker: 0, wallMs: WALL_MS - DAY })
    expect([stateOf(toy.run(230 * SECOND)), stateOf(toy.run(20 * SECOND))]).toEqual(["stale", "unranked"])
    const slept = started(configWith([three]), [record(a, 5)], cannotMeasure).run(2 * SECOND)
    expect(stateOf(slept.post({ _tag: "WallRead", worker: 0, wallMs: WALL_MS + HOUR }))).toBe("unranked")
  })

  it("counts as measured now when it claims to be of the future", () => {
    const future = record(a, 5, { measuredMs: WALL_MS + 900 * DAY, expiresMs: WALL_MS + 999 * DAY })
    const toy = started(configWith([{ ...three, staleForMs: 10 * SECOND }]), [future], cannotMeasure)
    expect([stateOf(toy.run(9_000)), stateOf(toy.run(2_000))]).toEqual(["stale", "unranked"])
  })

  it("is not used while the source history is off", () => {
    const config = configWith([three])
    const off = { ...config, sources: { ...config.sources, history: false } }
    const toy = started(off, [record(a, 5)], cannotMeasure)
    expect([stateOf(toy), candidate(toy, a)?.prior]).toEqual(["unranked", null])
    expect(stateOf(toy.post({ _tag: "ConfigChanged", worker: 0, config }))).toBe("stale")
    expect(stateOf(toy.post({ _tag: "ConfigChanged", worker: 0, config: off }))).toBe("unranked")
  })

  it("comes after the stale set and before the fallback list", () => {
    const config = configWith([{ ...three, fallback: [{ host: "198.18.9.9", port: 443 }] }])
    const toy = started(config, [record(b, 5)], cannotMeasure)
    expect(order(toy).slice(0, 2)).toEqual([b, "198.18.9.9"])
    expect(stateOf(toy.run(300 * SECOND))).toBe("fallback")
  })
})

describe("history as a source", () => {
  const site: UpstreamChanges = { host: SITE, candidates: [{ host: c, port: 443 }] }

  it("names what the resolver named, enters the set only with a sample, and stops when the record expires", () => {
    const toy = started(configWith([site]), [ofSite(a, 7, { expiresMs: WALL_MS + HOUR })], (toy) => toy.set(a, 7).set(c, 60))
    expect(candidate(toy, a)).toMatchObject({ sources: ["history"] })
    expect(toy.run(SECOND).active()).toEqual([2, 1])
    toy.run(HOUR)
    expect(candidate(toy, a)).toMatchObject({ sources: [] })
    expect(toy.active()).toEqual([1])
    expect(faults(toy.state)).toEqual([])
  })

  it("is one source more of an address that another source names too, whichever came first", () => {
    const toy = started(configWith([site]), [ofSite(a, 7), ofSite(c, 7)], (toy) => toy.set(a, 7).set(c, 9).names(SITE, [a]))
    toy.run(SECOND)
    expect(candidate(toy, a)?.sources.toSorted()).toEqual(["dns", "history"])
    expect(candidate(toy, c)?.sources.toSorted()).toEqual(["history", "user-static"])
  })

  it("names no address that only a list had named, none at another port, and none for an upstream without a host", () => {
    const listed = [ofSite(a, 7, { sources: ["user-static"] }), ofSite(b, 7, { port: 80 })]
    expect(candidate(started(configWith([site]), listed), a)).toBeUndefined()
    expect(candidate(started(configWith([site]), listed), b)).toBeUndefined()
    expect(candidate(started(configWith([{ candidates: [] }]), [record(a, 7, { sources: ["dns"] })]), a)).toBeUndefined()
  })

  it("names candidates of an upstream that is added later, or turned on", () => {
    const toy = started({ ...configWith([{ name: "other" }]), enabled: false }, [ofSite(a, 7)])
    toy.post({ _tag: "ConfigChanged", worker: 0, config: configWith([{ name: "other" }, site]) })
    expect(candidate(toy, a)?.sources).toEqual(["history"])
    expect(stateOf(toy, 1)).toBe("stale")
  })

  it("is kept until it expires for a name that no client has asked for yet", () => {
    const toy = started(configWith([three]), [ofSite(a, 30), ofSite(b, 7), ofSite(c, 1, { port: 80 })])
    expect(recall(toy.state, SITE, 443).map(({ address }) => address)).toEqual([b, a])
    expect(recall(toy.state, "other.example", 443)).toEqual([])
    const later = (forMs: number) => recall(toy.run(forMs).post({ _tag: "Ticked", worker: 0 }).state, SITE, 443).length
    expect([later(DAY - 1), later(1)]).toEqual([2, 0])
  })
})

describe("what a run leaves", () => {
  const measured = (config: Config = configWith([three])) =>
    started(config, [], (toy) => toy.set(a, 5).set(b, 40).set(c, "refused"))

  it("is a record of each address that answered, and the next run begins with the best of them", () => {
    const first = measured().run(SECOND)
    const left = historyOf(first.state, "home")
    expect(left).toEqual([
      expect.objectContaining({ address: b, latencyMs: 40 }),
      expect.objectContaining({
        upstream: "web",
        address: a,
        port: 443,
        sources: ["user-static"],
        latencyMs: 5,
        network: "home"
      })
    ])
    expect(left[1]).toMatchObject({ measuredMs: WALL_MS + 5, expiresMs: WALL_MS + 5 + DAY })
    const next = new Simulation(configWith([three]), { otherwise: "local" }).start()
    next.post({ _tag: "HistoryLoaded", worker: 0, network: "home", records: left })
    expect(order(next).slice(0, 2)).toEqual([a, b])
  })

  it("has no record of a candidate with an open breaker, not even an older one", () => {
    const toy = started(configWith([three]), [record(c, 3)], (toy) => toy.set(a, 5).set(b, 40).set(c, "refused"))
    expect(historyOf(toy.state).map(({ address }) => address)).toEqual([c])
    toy.run(120 * SECOND)
    expect(candidate(toy, c)?.breaker.state).toBe("open")
    expect(historyOf(toy.state).map(({ address }) => address).toSorted()).toEqual([a, b])
  })

  it("has the median of all answers of an address in its first sample window, as the first one is late while a process starts", () => {
    const toy = started(configWith([{ candidates: [{ host: a, port: 443 }] }]), [], (toy) => toy.set(a, 90)).run(100)
    expect(historyOf(toy.state)[0]?.latencyMs).toBe(90)
    toy.set(a, 6)
    for (let i = 0; i < 20; i++) toy.client(10).run(50)
    expect(candidate(toy, a)?.latency.value).toBe(90)
    expect(historyOf(toy.state)[0]?.latencyMs).toBe(6)
    toy.run(20 * SECOND)
    expect(historyOf(toy.state)[0]?.latencyMs).toBe(Math.round((candidate(toy, a)?.latency.value ?? 0) * 1000) / 1000)
  })

  it("keeps a lower latency of an earlier run through the first sample window, if that was measured from the same network", () => {
    const config = configWith([{ candidates: [{ host: a, port: 443 }] }])
    for (const [network, expectedMs] of [["home", 6], ["elsewhere", 90]] as const) {
      const toy = started(config, [record(a, 6, { network })], (toy) => toy.set(a, 90)).run(100)
      expect(historyOf(toy.state, "home")[0]).toMatchObject({ latencyMs: expectedMs, network: "home" })
      toy.run(60 * SECOND)
      expect(historyOf(toy.state, "home")[0]?.latencyMs).toBe(90)
    }
  })

  it("keeps the latest measurements when there are more than history.maxEntries, this run's own before older ones", () => {
    const config = { ...configWith([{ candidates: addresses(2) }]), history: { maxEntries: 3, serveForMs: 1_000 } }
    const older = [
      ofSite("198.18.7.1", 5, { measuredMs: WALL_MS - 9 }),
      ofSite("198.18.7.2", 5, { measuredMs: WALL_MS - 8 })
    ]
    const toy = started(config, [...older, record(a, 99)], (toy) => toy.set(a, 5).set(b, 6)).run(SECOND)
    expect(historyOf(toy.state).map(({ address, latencyMs }) => [address, latencyMs])).toEqual([[b, 6], [a, 5], [
      "198.18.7.2",
      5
    ]])
    toy.post({ _tag: "ConfigChanged", worker: 0, config: { ...config, history: { maxEntries: 1, serveForMs: 1_000 } } })
    expect(historyOf(toy.state)).toHaveLength(1)
    expect(toy.state.remembered.records).toHaveLength(1)
  })

  it("keeps history.maxEntries records also when more were measured in the same moment", () => {
    const config = { ...configWith([three]), history: { maxEntries: 2, serveForMs: 1_000 } }
    const toy = started(config, [], (toy) => toy.set(a, 5).set(b, 5).set(c, 5)).run(SECOND)
    expect(historyOf(toy.state).map(({ measuredMs }) => measuredMs)).toEqual([WALL_MS + 5, WALL_MS + 5])
  })

  it("has no expired records", () => {
    const toy = started(configWith([three]), [ofSite(a, 5, { expiresMs: WALL_MS + 500 })], cannotMeasure)
    expect([historyOf(toy.state).length, historyOf(toy.run(600).post({ _tag: "Ticked", worker: 0 }).state).length]).toEqual([
      1,
      0
    ])
  })

  it("does not renew the record of an address that history alone names", () => {
    const site = configWith([{ host: SITE }])
    const ends = WALL_MS + HOUR
    const toy = started(site, [ofSite(a, 7, { expiresMs: ends }), ofSite(b, 7, { expiresMs: ends })], (toy) => {
      toy.set(a, 7).set(b, 7).names(SITE, [b])
    }).run(SECOND)
    const ending = new Map(historyOf(toy.state).map(({ address, expiresMs }) => [address, expiresMs]))
    expect(ending.get(a)).toBe(ends)
    expect(ending.get(b)).toBeGreaterThan(WALL_MS + DAY - 1)
  })

  it("has the records of an upstream that was removed", () => {
    const both = configWith([three, { name: "site", host: SITE, candidates: [] }])
    const toy = started(both, [], (toy) => toy.set(a, 5).set("198.18.7.1", 9).names(SITE, ["198.18.7.1"])).run(SECOND)
    toy.post({ _tag: "ConfigChanged", worker: 0, config: configWith([three]) }).run(SECOND)
    expect(recall(toy.state, SITE, 443)).toEqual([expect.objectContaining({ address: "198.18.7.1", sources: ["dns"] })])
    expect(historyOf(toy.state).map(({ host }) => host)).toContain(SITE)
  })
})
