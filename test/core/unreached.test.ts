/** Upstreams and names that cannot be reached: how often they are asked, what serves meanwhile, and how soon they are back. */
import { describe, expect, it } from "vitest"
import { faults } from "../../src/core/invariants.ts"
import type { Config } from "../../src/core/model/Config.ts"
import type { UpstreamChanges } from "../support/config.ts"
import { addresses, configWith } from "../support/config.ts"
import { Simulation } from "../../src/sim/Simulation.ts"

const hosts = addresses(200).map(({ host }) => host)
const [a, b, c] = hosts as [string, string, string]
const NAME = "web.example"
const MINUTE_MS = 60_000
const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const CEILING_MS = 6 * 300_000

const dead = (count: number, answer: "refused" | "timeout", changes: UpstreamChanges = {}) =>
  new Simulation(configWith([{ candidates: addresses(count), pool: { mode: "off" }, ...changes }]), {
    otherwise: answer
  }).start()
const named = (changes: UpstreamChanges = {}) =>
  new Simulation(configWith([{ host: NAME, pool: { mode: "off" }, ...changes }]), { otherwise: 20 })
const probesOf = (toy: Simulation, host: string) =>
  toy.probes.filter((one) => one.host === host).map(({ atUs }) => atUs / 1000)
const questions = (toy: Simulation) => toy.queries.map(({ atUs }) => atUs / 1000)
const gaps = (moments: ReadonlyArray<number>) => moments.slice(1).map((at, i) => at - moments[i]!)
const between = (moments: ReadonlyArray<number>, fromMs: number, toMs: number) =>
  moments.filter((at) => at >= fromMs && at < toMs).length
const facts = (toy: Simulation, tag: string) => toy.facts.filter(({ _tag }) => _tag === tag)

describe("an upstream that never answered", () => {
  const cases = [1, 4].flatMap((count) =>
    (["refused", "timeout"] as const).flatMap((answer) => [true, false].map((enabled) => ({ count, answer, enabled })))
  )

  it.each(cases)(
    "of $count addresses ($answer, breaker $enabled) has each probed after waits that double, up to six times scoreTtl",
    ({ count, answer, enabled }) => {
      const toy = dead(count, answer, { breaker: { enabled } }).run(DAY_MS)
      for (const host of hosts.slice(0, count)) {
        const asked = probesOf(toy, host)
        expect(between(asked, 0, MINUTE_MS)).toBeLessThanOrEqual(5)
        expect(between(asked, MINUTE_MS, 10 * MINUTE_MS)).toBeLessThanOrEqual(8)
        expect(between(asked, 10 * MINUTE_MS, HOUR_MS)).toBeLessThanOrEqual(6)
        // At the ceiling, less up to a tenth: drawn, so that not all upstreams come at the same moment.
        const late = gaps(asked.filter((at) => at > 2 * HOUR_MS))
        expect(late.length).toBeGreaterThan(40)
        for (const gap of late) expect(gap).toBeGreaterThan(0.9 * CEILING_MS - 3_000)
        for (const gap of late) expect(gap).toBeLessThan(CEILING_MS + 3_000)
        expect(new Set(late.map(Math.round)).size).toBeGreaterThan(20)
      }
      expect(faults(toy.state)).toEqual([])
    }
  )

  it.each([8_000, 30_000, 300_000, HOUR_MS, 10 * HOUR_MS])(
    "for %d ms is found within as long, and is asked each interval again",
    (lengthMs) => {
      for (const count of [1, 4]) {
        const toy = dead(count, "refused").run(lengthMs)
        for (const host of hosts.slice(0, count)) toy.set(host, 20)
        toy.run(Math.min(lengthMs, CEILING_MS) + 2_000)
        expect(toy.members().length).toBe(Math.min(count, 3))
        const sinceMs = toy.atMs
        toy.run(MINUTE_MS)
        expect(between(probesOf(toy, a), sinceMs, toy.atMs)).toBeGreaterThanOrEqual(5)
      }
    }
  )

  it("is asked for at once, and each interval again, when an operator wants it refreshed", () => {
    const toy = dead(3, "refused").run(5 * HOUR_MS)
    const sinceMs = toy.atMs
    toy.post({ _tag: "RefreshRequested", worker: 0, upstream: 0 }).run(25_000)
    for (const host of [a, b, c]) expect(probesOf(toy, host).find((at) => at >= sinceMs)! - sinceMs).toBeLessThan(1_000)
    const rounds = [a, b, c].map((host) => between(probesOf(toy, host), sinceMs + 1_000, toy.atMs))
    expect(Math.max(...rounds)).toBe(2)
  })

  it("is asked for at once when the machine has another network", () => {
    const toy = dead(3, "timeout", { breaker: { enabled: false } }).run(5 * HOUR_MS)
    const sinceMs = toy.atMs
    toy.post({ _tag: "InterfacesChanged", worker: 0, families: ["ipv4"] }).run(25_000)
    for (const host of [a, b, c]) expect(between(probesOf(toy, host), sinceMs, toy.atMs)).toBeGreaterThanOrEqual(3)
  })

  it("is reached at once by a client, and that success has all other addresses probed at once", () => {
    const toy = dead(3, "refused").run(5 * HOUR_MS)
    for (const host of [a, b, c]) toy.set(host, 20)
    const sinceMs = toy.atMs
    toy.client(100).run(1_000)
    expect(toy.unserved).toEqual([])
    expect(toy.members().toSorted()).toEqual([1, 2, 3])
    toy.run(MINUTE_MS)
    expect(between(probesOf(toy, b), sinceMs, toy.atMs)).toBeGreaterThanOrEqual(5)
    expect(faults(toy.state)).toEqual([])
  })

  it("is not taken for one that answers because a spare serves", () => {
    const toy = dead(1, "refused", { fallback: addresses(2).slice(1) }).set(b, 20)
    for (let i = 0; i < 360; i++) toy.client(100).run(10_000)
    expect([toy.state.routes.upstreams[0]?.state, toy.unserved]).toEqual(["fallback", []])
    expect(probesOf(toy, a).filter((at) => at > 10 * MINUTE_MS).length).toBeLessThanOrEqual(4)
  })

  it("with a list of two hundred finds the one that is back within the time that it was away", () => {
    const toy = dead(200, "refused", { breaker: { enabled: false } }).run(HOUR_MS / 2)
    expect(toy.probes.length).toBeLessThan(200 * 12)
    toy.set(hosts[199]!, 20).run(HOUR_MS / 2)
    expect(toy.members()).toEqual([200])
  })

  it("is not asked all the time while another one's silence leaves open whether the network works", () => {
    const config = configWith([{ candidates: addresses(1) }, { candidates: addresses(2).slice(1) }])
    const lasting: Config = { ...config, autoDisable: { ...config.autoDisable, failures: 1_000_000 } }
    const toy = new Simulation(lasting, { otherwise: "timeout" }).set(a, 20).start().run(MINUTE_MS).set(a, "timeout")
    toy.run(2 * HOUR_MS)
    expect(between(probesOf(toy, b), HOUR_MS, 2 * HOUR_MS)).toBeLessThanOrEqual(4)
  })

  it("is as soon asked after the machine slept as at the beginning", () => {
    const toy = dead(1, "refused").run(MINUTE_MS)
    toy.atUs += 8 * HOUR_MS * 1000
    const sinceMs = toy.atMs
    toy.run(MINUTE_MS)
    expect(between(probesOf(toy, a), sinceMs, toy.atMs)).toBeGreaterThanOrEqual(3)
  })
})

describe("an upstream with addresses that have all failed for staleFor", () => {
  it("is given up: nothing old serves, no other common cause begins, and it is asked each six times scoreTtl", () => {
    const toy = dead(3, "refused", { staleForMs: 20 * MINUTE_MS })
    for (const host of [a, b, c]) toy.set(host, 20)
    toy.state = {
      ...toy.state,
      config: { ...toy.state.config, autoDisable: { ...toy.state.config.autoDisable, failures: 1e9 } }
    }
    toy.run(MINUTE_MS)
    for (const host of [a, b, c]) toy.set(host, "refused")
    const failsMs = toy.atMs
    toy.run(10 * HOUR_MS)
    expect(facts(toy, "CommonCauseBegan")).toHaveLength(1)
    expect(toy.moves.at(-1)).toMatchObject({ members: [] })
    expect(toy.moves.at(-1)!.moves.map(({ reason }) => reason)).toEqual(["expired", "expired", "expired"])
    expect(toy.state.routes.upstreams[0]).toMatchObject({ state: "unranked", members: [] })
    for (const host of [a, b, c]) {
      expect(between(probesOf(toy, host), failsMs + 25 * MINUTE_MS, toy.atMs)).toBeLessThanOrEqual(30)
      expect(between(probesOf(toy, host), failsMs + 5 * HOUR_MS, toy.atMs)).toBeLessThanOrEqual(11)
    }
    for (const host of [a, b, c]) toy.set(host, 20)
    toy.run(CEILING_MS + 3_000)
    expect(toy.members().toSorted()).toEqual([1, 2, 3])
    expect(faults(toy.state)).toEqual([])
  })
})

describe("a name that cannot be resolved", () => {
  it("is asked for after waits that double, up to six times scoreTtl", () => {
    const toy = named().run(0).start().run(DAY_MS)
    const asked = questions(toy)
    expect(between(asked, 0, MINUTE_MS)).toBeLessThanOrEqual(6)
    expect(between(asked, MINUTE_MS, 10 * MINUTE_MS)).toBeLessThanOrEqual(4)
    expect(between(asked, 10 * MINUTE_MS, HOUR_MS)).toBeLessThanOrEqual(4)
    for (const gap of gaps(asked.filter((at) => at > 2 * HOUR_MS))) {
      expect(gap).toBeGreaterThan(0.9 * CEILING_MS)
      expect(gap).toBeLessThan(CEILING_MS + 10)
    }
    expect(between(asked, 2 * HOUR_MS, DAY_MS)).toBeGreaterThan(40)
  })

  it("is served by the addresses that it had, which are probed as ever, for as long as they answer", () => {
    const toy = named().names(NAME, [a, b]).start().run(MINUTE_MS).names(NAME, [])
    const sinceMs = toy.atMs
    for (let i = 0; i < 240; i++) toy.client(100).run(MINUTE_MS)
    expect(toy.unserved).toEqual([])
    expect(toy.members().toSorted()).toEqual([1, 2])
    expect(between(questions(toy), sinceMs + HOUR_MS, toy.atMs)).toBeLessThanOrEqual(7)
    expect(between(probesOf(toy, a), sinceMs, toy.atMs)).toBeGreaterThan(500)
  })

  it.each([20_000, 600_000, 5 * HOUR_MS])("for %d ms is resolved within as long, and then each refresh", (lengthMs) => {
    const toy = named().start().run(lengthMs).names(NAME, [a]).run(Math.min(lengthMs, CEILING_MS) + 1_000)
    expect(toy.members()).toEqual([1])
    toy.run(HOUR_MS)
    expect(Math.max(...gaps(questions(toy).slice(-5)))).toBeLessThan(301_000)
  })

  it("is asked for at once when an operator wants it refreshed, and when the machine has another network", () => {
    const later = (after: (toy: Simulation) => Simulation) => {
      const toy = named().start().run(5 * HOUR_MS)
      const sinceMs = toy.atMs
      return questions(after(toy).run(12_000)).filter((at) => at >= sinceMs).map((at) => Math.round((at - sinceMs) / 1000))
    }
    expect(later((toy) => toy)).toEqual([])
    expect(later((toy) => toy.post({ _tag: "RefreshRequested", worker: 0, upstream: 0 }))).toEqual([0, 5, 10])
    const elsewhere = { _tag: "InterfacesChanged", worker: 0, families: ["ipv4"] } as const
    expect(later((toy) => toy.post(elsewhere))).toEqual([0, 5, 10])
  })

  it("is asked for at once when a client has found an address of it", () => {
    const toy = named().start().run(5 * HOUR_MS).names(NAME, [a, b])
    toy.client(100).run(1_000)
    expect(toy.unserved).toEqual([])
    expect(toy.members().toSorted()).toEqual([1, 2])
  })
})

describe("a name on demand", () => {
  const onDemand = (changes: UpstreamChanges = {}) => new Simulation(configWith([{ preheat: false, ...changes }])).start()
  const used = (toy: Simulation, forMs: number) => {
    for (const untilMs = toy.atMs + forMs; toy.atMs < untilMs; toy.run(1_000)) {
      if (toy.state.routes.upstreams[0]?.needsDiscovery === true) toy.asks("", 0, 0)
      toy.client(100)
    }
    return toy
  }

  it("that clients use each second without a success is asked for and raced less and less often, and they reach it once it is back", () => {
    const toy = used(onDemand({ host: NAME }), HOUR_MS)
    expect(between(questions(toy), 0, MINUTE_MS)).toBeLessThanOrEqual(12)
    expect(between(questions(toy), 10 * MINUTE_MS, HOUR_MS)).toBeLessThanOrEqual(8)
    const unserved = toy.unserved.length
    toy.names(NAME, [a]).set(a, 20)
    used(toy, 3_000)
    expect(toy.unserved.length - unserved).toBe(0)
    expect(toy.members()).toEqual([1])
  })

  it("with dead addresses is raced less and less often, and as soon as ever after its first success", () => {
    const toy = used(onDemand({ candidates: addresses(2), breaker: { enabled: false } }), HOUR_MS)
    const races = (fromMs: number, toMs: number) => between(toy.races.map(({ atUs }) => atUs / 1000), fromMs, toMs)
    expect(races(0, MINUTE_MS)).toBeGreaterThanOrEqual(3)
    expect(races(0, MINUTE_MS)).toBeLessThanOrEqual(6)
    expect(races(10 * MINUTE_MS, HOUR_MS)).toBeLessThanOrEqual(4)
    toy.set(a, 20)
    used(toy, 2_000)
    expect(toy.members()).toEqual([1])
    // No client uses it until all has expired, and the pause that it ended would last: the next client asks at once.
    toy.run(10 * MINUTE_MS)
    const sinceMs = toy.atMs
    used(toy, 2_000)
    expect(races(sinceMs, toy.atMs)).toBe(1)
  })

  it("that was not used for an hour is as soon asked for again as a new one, if it fails by then", () => {
    const toy = used(onDemand({ candidates: addresses(2), breaker: { enabled: false } }).set(a, 20).set(b, 20), MINUTE_MS)
      .run(HOUR_MS)
    toy.set(a, "refused").set(b, "refused")
    const sinceMs = toy.atMs
    used(toy, 30_000)
    expect(between(toy.races.map(({ atUs }) => atUs / 1000), sinceMs, toy.atMs)).toBeGreaterThanOrEqual(2)
    expect(between(probesOf(toy, a), sinceMs, toy.atMs)).toBeLessThan(10)
  })
})
