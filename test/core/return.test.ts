/** What an answer, a failure and time mean for an address that was in trouble. */
import { describe, expect, it } from "vitest"
import * as Vector from "../../src/core/data/Vector.ts"
import type { ClientAccepted } from "../../src/core/model/Event.ts"
import { addresses, configWith } from "../support/config.ts"
import type { UpstreamChanges } from "../support/config.ts"
import { Simulation } from "../../src/sim/Simulation.ts"

const [a, b, c] = addresses(3).map(({ host }) => host) as [string, string, string]
const NO_POOL: UpstreamChanges = { pool: { mode: "off" } }

function running(changes: UpstreamChanges = {}, forMs = 25_000): Simulation {
  const toy = new Simulation(configWith([{ candidates: addresses(3), ...NO_POOL, ...changes }]))
  return toy.set(a, 20).set(b, 60).set(c, 40).start().run(forMs)
}
const first = (toy: Simulation) => Vector.get(toy.state.candidates, 0)!
const facts = (toy: Simulation, ...tags: ReadonlyArray<string>) => toy.facts.filter(({ _tag }) => tags.includes(_tag))
const lastClient = (toy: Simulation) =>
  toy.entries.map(({ event }) => event).filter((event): event is ClientAccepted => event._tag === "ClientAccepted").at(-1)

/** A client's dial that took so long, because this machine slept meanwhile. */
function wokenUp(toy: Simulation, tookMs: number): void {
  const { id } = first(toy)
  const choice = { listener: "web", upstream: 0, routes: toy.state.routes.version, chosen: id, why: "cheapest" as const }
  const tried = [{ candidate: id, outcome: "connected" as const, tookUs: tookMs * 1_000 }]
  toy.post({ _tag: "ClientAccepted", worker: 0, session: 900, ...choice, candidate: id, warm: 0, client: 0, tried })
}

describe("an answer that comes long after its time limit, as after a sleep of the machine", () => {
  it("proves life and no latency: the cost stays as it was, and the address serves on", () => {
    const toy = running({}, 128_000)
    const before = first(toy)
    wokenUp(toy, 38_300)
    expect(first(toy).latency).toEqual(before.latency)
    expect(first(toy).jitter).toEqual(before.jitter)
    expect(first(toy)).toMatchObject({ streak: before.streak + 1, lastSampleAtUs: toy.state.at, resentAtUs: -1 })
    expect(first(toy).costMs).toBeLessThanOrEqual(before.costMs)
    expect(toy.active()).toContain(1)
  })

  it("is no first sample: the address is probed once more, at once", () => {
    const toy = new Simulation(configWith([{ candidates: addresses(1), ...NO_POOL }])).set(a, "timeout").start().run(100)
    const of = { worker: 0, probe: toy.probes[0]?.probe ?? -1, candidate: first(toy).id }
    toy.set(a, 20).post({ _tag: "ProbeSucceeded", ...of, tookUs: 38_300_000, identity: "unchecked" })
    expect(first(toy)).toMatchObject({ costMs: -1, latency: { atUs: -1 } })
    expect(first(toy.run(500)).latency.value).toBe(20)
  })

  it("is a latency where it is within the limit", () => {
    const toy = running()
    wokenUp(toy, 2_500)
    expect(first(toy.run(10_000)).jitter.value).toBeGreaterThan(10)
  })
})

describe("a handshake that a repeated SYN explains", () => {
  it.each([1_020, 2_025, 3_033])(
    "of %d ms at an address 20 ms away counts as a loss and does not change the latency",
    (tookMs) => {
      const toy = running({ probing: { timeoutMs: 9_000 } })
      const before = first(toy)
      toy.set(a, tookMs).run(10_000 + tookMs)
      expect(first(toy).latency.value).toBe(before.latency.value)
      expect(first(toy)).toMatchObject({
        streak: 0,
        resentAtUs: expect.any(Number),
        breaker: { state: "closed", consecutive: 0 }
      })
      expect(first(toy).costMs).toBeGreaterThan(before.costMs)
      expect(toy.active()).toContain(1)
    }
  )

  it.each([900, 1_080, 1_500])("is not seen in one of %d ms, which becomes the latency", (tookMs) => {
    const toy = running().set(a, tookMs).run(20_000)
    expect(first(toy).latency.value).toBeGreaterThan(800)
  })

  it("is believed as the latency when a second one follows, because a client would wait as long", () => {
    const toy = running().set(a, 1_020).run(30_000)
    expect(first(toy).latency.value).toBeGreaterThan(900)
  })

  it("as the first sample waits for a second probe, which is sent at once", () => {
    const toy = new Simulation(configWith([{ candidates: addresses(1), ...NO_POOL }])).set(a, 1_020)
    toy.start().run(500).set(a, 20).run(600)
    expect(first(toy)).toMatchObject({ costMs: expect.closeTo(19.75, 0), latency: { value: 20 } })
  })
})

describe("evidence that comes late", () => {
  it("is no failure when it is a time-out of a handshake that began before a later one was answered", () => {
    const toy = running()
    const { id, streak } = first(toy)
    toy.set(a, "lost").post({ _tag: "RefreshRequested", worker: 0, upstream: 0 }).run(100)
    const { probe } = toy.probes.filter(({ host }) => host === a).at(-1)!
    const tried = [{ candidate: id, outcome: "connected" as const, tookUs: 20_000 }]
    const of = { worker: 0, session: 77, listener: "web", upstream: 0, routes: toy.state.routes.version }
    toy.post({ _tag: "ClientAccepted", ...of, chosen: id, why: "cheapest", candidate: id, warm: 0, client: 5, tried })
    toy.run(1_900).post({ _tag: "ProbeFailed", worker: 0, probe, candidate: id, tookUs: 2_000_000, reason: "timeout" })
    expect(first(toy)).toMatchObject({ streak: streak + 1, probe: 0, breaker: { consecutive: 0 } })
  })

  it("closes a breaker when its candidate served a client on the last resort", () => {
    const breaker = { failureThreshold: 1, firstTrialMs: 60_000, cooldownMs: 60_000 }
    const toy = running({ breaker })
    toy.set(a, "refused").client().run(500)
    expect(first(toy).breaker.state).toBe("open")
    const { id } = first(toy)
    const tried = [{ candidate: id, outcome: "connected" as const, tookUs: 20_000 }]
    const of = { worker: 0, session: 78, listener: "web", upstream: 0, routes: toy.state.routes.version }
    toy.set(a, 20)
    toy.post({ _tag: "ClientAccepted", ...of, chosen: "none", why: "unranked", candidate: id, warm: 0, client: 5, tried })
    expect(first(toy).breaker.state).toBe("closed")
  })
})

describe("blame", () => {
  it("is the same whether one client or a hundred failed together", () => {
    const after = (clients: number) => {
      const toy = running({ breaker: { enabled: false } }).set(a, "refused")
      for (let i = 0; i < clients; i++) toy.client()
      toy.run(500)
      const { penalty, success } = first(toy)
      return [penalty.value, success.failed.reduce((sum, count) => sum + count, 0)]
    }
    expect(after(100)).toEqual(after(1))
  })

  it("is at most twice the spread of latencies", () => {
    const toy = running({ scoring: { failurePenaltyMs: 10_000 } }).set(a, "refused").client().run(500)
    expect(first(toy).penalty.value).toBeCloseTo(80, 0)
  })

  it("leaves the cost by time alone, without a sample", () => {
    const quiet = { probing: { intervalMs: 600_000 }, breaker: { enabled: false }, scoreTtlMs: 3_600_000 }
    const toy = running({ ...quiet, candidates: addresses(1) }, 1_000)
    const before = first(toy).costMs
    const { id } = first(toy)
    const tried = [{ candidate: id, outcome: "cancelled" as const, tookUs: 20_000 }]
    toy.set(b, 60)
    const refused = [{ candidate: id, outcome: "refused" as const, tookUs: 20_000 }, ...tried]
    // Another candidate answers afterwards, so the failure is the candidate's own.
    const two = new Simulation(configWith([{ candidates: addresses(2), ...NO_POOL, ...quiet }])).set(a, 20).set(b, 60)
    two.start().run(1_000)
    const of = { worker: 0, session: 9, listener: "web", upstream: 0, routes: two.state.routes.version }
    two.post({
      _tag: "ClientAccepted",
      ...of,
      chosen: id,
      why: "cheapest",
      candidate: "none",
      warm: 0,
      client: 5,
      tried: refused
    })
    const blamedMs = first(two).costMs
    expect(blamedMs).toBeGreaterThan(before + 50)
    two.set(a, "lost").run(15_000)
    expect(first(two).costMs).toBeLessThan(blamedMs - 50)
    two.run(310_000)
    expect(first(two).costMs).toBeCloseTo(before, 0)
  })

  it("after one failure of a member that answers again at once ends by trials within two seconds", () => {
    const toy = running({ selector: { activeSetSize: 3 } })
    const before = first(toy)
    toy.set(a, "refused").post({ _tag: "RefreshRequested", worker: 0, upstream: 0 }).run(100)
    expect(first(toy).breaker).toMatchObject({ state: "closed", consecutive: 1 })
    expect(first(toy).costMs).toBeGreaterThan(60)
    toy.set(a, 20).post({ _tag: "RefreshRequested", worker: 0, upstream: 0 }).run(2_100)
    expect(first(toy).streak).toBeGreaterThan(3)
    expect(first(toy).costMs).toBeLessThan(before.costMs + 5)
  })

  it("of a candidate that flaps keeps its breaker open for longer and longer", () => {
    const toy = running({ breaker: { failureThreshold: 1 } })
    const opened: Array<number> = []
    for (let i = 0; i < 4; i++) {
      toy.set(a, "refused").post({ _tag: "RefreshRequested", worker: 0, upstream: 0 }).run(30).set(a, 20)
      // Its breaker closes, and it fails again at once.
      while (first(toy).breaker.state !== "closed") toy.run(100)
      const fact = facts(toy, "BreakerOpened").at(-1)
      if (fact?._tag === "BreakerOpened") opened.push(fact.forMs)
    }
    expect(opened[3]!).toBeGreaterThan(3 * opened[0]!)
  })
})

describe("sessions that all candidates reset while handshakes succeed", () => {
  it("are one common cause, which an upstream byte ends and handshakes do not, and then the best candidate serves again", () => {
    const toy = running()
    for (let i = 0; i < 6; i++) toy.client(10).run(200)
    for (const host of [a, b, c]) toy.replies(host, "reset")
    for (let i = 0; i < 100; i++) toy.client(10).run(200)
    expect(facts(toy, "CommonCauseBegan")).toHaveLength(1)
    expect(facts(toy, "CommonCauseEnded")).toEqual([])
    expect(facts(toy, "BreakerOpened")).toEqual([])
    for (const host of [a, b, c]) toy.replies(host, 1)
    for (let i = 0; i < 50; i++) toy.client(10).run(200)
    expect(facts(toy, "CommonCauseEnded")).toHaveLength(1)
    expect(lastClient(toy)?.candidate).toBe(first(toy).id)
  })
})

describe("auto-disable", () => {
  it("ends with the first client that the last resort serves, and the best candidate serves the next ones", () => {
    const toy = running()
    for (const host of [a, b, c]) toy.set(host, "refused")
    toy.run(90_000)
    expect(facts(toy, "AutoDisabled")).toHaveLength(1)
    toy.set(a, 20).set(b, 60).set(c, 40).run(5_000)
    expect(facts(toy, "AutoEnabled")).toEqual([])
    toy.client(10).run(500)
    expect(facts(toy, "AutoEnabled")).toMatchObject([{ reason: "answered" }])
    toy.client(10).run(200)
    expect(lastClient(toy)).toMatchObject({ candidate: first(toy).id, chosen: first(toy).id })
  })
})
