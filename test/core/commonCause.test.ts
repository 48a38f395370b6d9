/** All candidates of an upstream fail together, or one or two of them do, and come back. All settings are defaults. */
import { describe, expect, it } from "vitest"
import * as Vector from "../../src/core/data/Vector.ts"
import { faults } from "../../src/core/invariants.ts"
import { addresses, configWith } from "../support/config.ts"
import type { UpstreamChanges } from "../support/config.ts"
import type { Fault, Faulty } from "../../src/sim/weather.ts"
import { play, shareOf } from "../support/outageScript.ts"
import { Simulation } from "../../src/sim/Simulation.ts"

const [best, worst, middle, spare] = addresses(4).map(({ host }) => host) as [string, string, string, string]
const DISTANCES = { [best]: 20, [worst]: 60, [middle]: 40, [spare]: 80 }
const FAILS_MS = 20_000
const LENGTHS_S = [5, 30, 120]

const all = (fault: Fault, fromMs: number, toMs: number): ReadonlyArray<Faulty> =>
  [best, worst, middle].map((host) => ({ host, fault, fromMs, toMs }))
const facts = (toy: Simulation, ...tags: ReadonlyArray<string>) => toy.facts.filter(({ _tag }) => tags.includes(_tag))
const candidates = (toy: Simulation) => Vector.toArray(toy.state.candidates).map((one) => one!)

interface Kind {
  readonly what: string
  readonly upstream: UpstreamChanges
  readonly prepare?: (toy: Simulation) => void
}
const KINDS: ReadonlyArray<Kind> = [
  { what: "a list", upstream: { candidates: addresses(3) } },
  {
    what: "a name's addresses",
    upstream: { host: "web.test", candidates: [] },
    prepare: (toy) => toy.names("web.test", [best, worst, middle])
  },
  {
    what: "a list found on first use",
    upstream: { candidates: addresses(3), preheat: false },
    prepare: (toy) => toy.later(1, () => ({ _tag: "DomainRequested", worker: 0, upstream: 0, host: "", port: 443 }))
  }
]
const cases = KINDS.flatMap(({ what, upstream, prepare }) =>
  [1, 3].flatMap((size) =>
    [false, true].map((isSpared) => ({ what, size, spare: isSpared ? "a spare" : "no spare", upstream, prepare }))
  )
)

describe.each(cases)(
  "all addresses of $what fail together (set of $size, $spare)",
  ({ size, spare: has, upstream, prepare }) => {
    const changes = {
      ...upstream,
      selector: { activeSetSize: size },
      fallback: has === "a spare" ? addresses(4).slice(3) : []
    }

    it.each(LENGTHS_S.flatMap((lengthS) => (["dark", "refused"] as const).map((fault) => [fault, lengthS] as const)))(
      "%s for %d s, then back: soon the best serves 95 of 100 clients, no client fails, and the worst serves none",
      (fault, lengthS) => {
        const returnMs = FAILS_MS + lengthS * 1000
        const script = all(fault, FAILS_MS, returnMs)
        const { toy, served } = play(configWith([changes]), DISTANCES, script, returnMs + 20_000, prepare)
        expect(shareOf(served, best, FAILS_MS - 5_000, FAILS_MS)).toBeGreaterThan(0.95)
        const graceMs = fault === "dark" ? 8_000 : 5_000
        expect(shareOf(served, best, returnMs + graceMs, returnMs + graceMs + 10_000)).toBeGreaterThanOrEqual(0.95)
        expect(served.filter(({ host, atMs }) => host === "" && atMs > returnMs + 3_000)).toEqual([])
        const answeredMs = served.find(({ host, atMs }) => host === best && atMs > returnMs)?.atMs ?? Infinity
        expect(answeredMs).toBeLessThan(returnMs + graceMs)
        expect(served.filter(({ host, atMs }) => host === worst && atMs > answeredMs + 2_000)).toEqual([])
        // One fact tells the cause, and no candidate is blamed for it.
        expect(facts(toy, "CommonCauseBegan", "CommonCauseEnded").length).toBeGreaterThanOrEqual(2)
        expect(facts(toy, "BreakerOpened")).toEqual([])
        expect(candidates(toy).slice(0, 3).map(({ penalty }) => penalty.atUs)).toEqual([-1, -1, -1])
        expect(faults(toy.state)).toEqual([])
      }
    )
  }
)

describe("one or two of three addresses fail", () => {
  const within = (lengthS: number) => Math.max(5_000, lengthS * 1000)

  it.each(
    [1, 3].flatMap((size) =>
      (["dark", "refused"] as const).flatMap((fault) => [2, 10, 60, 300].map((lengthS) => [size, fault, lengthS] as const))
    )
  )(
    "set of %d, the best is %s for %d s: it serves again within the greater of that time and 5 s",
    (size, fault, lengthS) => {
      const returnMs = FAILS_MS + lengthS * 1000
      const config = configWith([{ candidates: addresses(3), selector: { activeSetSize: size } }])
      const script = [{ host: best, fault, fromMs: FAILS_MS, toMs: returnMs }]
      const { served } = play(config, DISTANCES, script, returnMs + within(lengthS) + 1_000)
      const againMs = served.find(({ host, atMs }) => host === best && atMs >= returnMs)?.atMs ?? Infinity
      expect(againMs - returnMs).toBeLessThanOrEqual(within(lengthS))
      expect(served.filter(({ host }) => host === "")).toEqual([])
    }
  )

  it.each(
    [1, 3].flatMap((size) =>
      (["dark", "refused"] as const).flatMap((fault) => [true, false].map((bestFirst) => [size, fault, bestFirst] as const))
    )
  )(
    "set of %d, two are %s and return one after the other (the best first: %s): the best serves again within the time it was away",
    (
      size,
      fault,
      bestFirst
    ) => {
      const firstMs = FAILS_MS + 10_000
      const secondMs = FAILS_MS + 15_000
      const returnMs = bestFirst ? firstMs : secondMs
      const config = configWith([{ candidates: addresses(3), selector: { activeSetSize: size } }])
      const script = [
        { host: bestFirst ? best : middle, fault, fromMs: FAILS_MS, toMs: firstMs },
        { host: bestFirst ? middle : best, fault, fromMs: FAILS_MS, toMs: secondMs }
      ]
      const { served } = play(config, DISTANCES, script, returnMs + 20_000)
      const againMs = served.find(({ host, atMs }) => host === best && atMs >= returnMs)?.atMs ?? Infinity
      expect(againMs - returnMs).toBeLessThanOrEqual(returnMs - FAILS_MS)
      expect(served.filter(({ host }) => host === "")).toEqual([])
    }
  )

  it.each([1, 3].flatMap((size) => (["dark", "refused"] as const).map((fault) => [size, fault] as const)))(
    "set of %d, all are %s for 5 s and well for 5 s, ten times: from the third second on the best serves 9 of 10 clients",
    (size, fault) => {
      const script = Array.from({ length: 10 }, (_, i) => all(fault, FAILS_MS + i * 10_000, FAILS_MS + i * 10_000 + 5_000))
      const config = configWith([{ candidates: addresses(3), selector: { activeSetSize: size } }])
      const { toy, served } = play(config, DISTANCES, script.flat(), FAILS_MS + 100_000)
      for (let i = 0; i < 10; i++) {
        const upMs = FAILS_MS + i * 10_000 + 5_000
        expect(shareOf(served, best, upMs + 2_000, upMs + 5_000)).toBeGreaterThanOrEqual(0.9)
      }
      expect(facts(toy, "BreakerOpened")).toEqual([])
    }
  )
})

describe("a client finds all addresses broken and is served by a spare", () => {
  /** One client's dials are all that tells of the failures, and the spare's answer stands in the same event. */
  it("the cause is common, and the spare's answer does not hide that", () => {
    const config = configWith([{ candidates: addresses(3), fallback: addresses(4).slice(3), pool: { mode: "off" } }])
    const toy = new Simulation(config)
    for (const [host, atMs] of Object.entries(DISTANCES)) toy.set(host, atMs)
    toy.start().run(15_000)
    for (const host of [best, worst, middle]) toy.set(host, "refused")
    const [one, two, three, fourth] = candidates(toy).map(({ id }) => id) as [number, number, number, number]
    const refused = [one, three, two].map((candidate) => ({ candidate, outcome: "refused" as const, tookUs: 20_000 }))
    const choice = { listener: "web", upstream: 0, routes: toy.state.routes.version, chosen: one, why: "cheapest" as const }
    toy.post({
      _tag: "ClientAccepted",
      worker: 0,
      session: 900,
      ...choice,
      candidate: fourth,
      warm: 0,
      client: 0,
      tried: [...refused, { candidate: fourth, outcome: "connected", tookUs: 80_000 }]
    })
    expect(facts(toy, "CommonCauseBegan")).toHaveLength(1)
  })
})

describe("sessions fail at all addresses, and an address of the spare list is one of them", () => {
  const config = configWith([{ candidates: addresses(2), fallback: addresses(1), pool: { mode: "off" } }])
  const failing = () => {
    const toy = new Simulation(config)
    const [one, two] = addresses(2).map(({ host }) => host) as [string, string]
    toy.set(one, 20).set(two, 40).replies(one, 10).replies(two, 10).start().run(15_000)
    for (let i = 0; i < 20; i++) toy.client().run(100)
    toy.replies(one, "alert").replies(two, "alert")
    for (let i = 0; i < 20; i++) toy.client().run(100)
    expect(facts(toy, "CommonCauseBegan")).toHaveLength(1)
    return { toy, one, two }
  }
  const hosts = (toy: Simulation, count: number) => {
    const from = toy.entries.length
    for (let i = 0; i < count; i++) toy.client().run(100)
    return toy.entries.slice(from).flatMap(({ event }) =>
      event._tag === "ClientAccepted" ? [candidates(toy).find(({ id }) => id === event.candidate)?.host] : []
    )
  }

  it("each failure passes clients on, so both addresses are tried, and the one that is well again serves at once", () => {
    const { toy, one, two } = failing()
    const tried = hosts(toy, 10)
    expect(tried.filter((host) => host === one).length).toBeGreaterThanOrEqual(3)
    expect(tried.filter((host) => host === two).length).toBeGreaterThanOrEqual(3)
    toy.replies(two, 10)
    expect(hosts(toy, 10).filter((host) => host === two).length).toBeGreaterThanOrEqual(8)
  })

  it("a handshake that is pending for long does not end that", () => {
    const { toy, one, two } = failing()
    const [first] = candidates(toy)
    toy.post({ _tag: "DialPending", worker: 0, candidate: first?.id ?? -1, pendingUs: 200_000 })
    const tried = hosts(toy, 10)
    expect(tried.filter((host) => host === one).length).toBeGreaterThanOrEqual(3)
    expect(tried.filter((host) => host === two).length).toBeGreaterThanOrEqual(3)
  })
})
