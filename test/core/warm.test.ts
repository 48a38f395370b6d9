/** Warm sockets: how many, towards which candidates, and how fast they are dialled. */
import { describe, expect, it } from "vitest"
import * as Vector from "../../src/core/data/Vector.ts"
import type { UpstreamChanges } from "../support/config.ts"
import { addresses, configWith, upstreamDefaults } from "../support/config.ts"
import { Simulation } from "../../src/sim/Simulation.ts"

const [a, b] = addresses(9).map(({ host }) => host) as [string, string]
const world = (changes: UpstreamChanges = {}, count = 1) =>
  new Simulation(configWith([{ candidates: addresses(count), ...changes }])).set(a, 20).set(b, 60)
const waiting = (toy: Simulation) =>
  Vector.toArray(toy.state.candidates).map((one) => one!.warm.ready.length + one!.warm.dialling.length)

describe("warm sockets", () => {
  it("are dialled for every member as if one client had come, and shrink to min of them after the last client", () => {
    const toy = world({}, 2).start().run(1_000)
    expect([toy.warm(a), toy.warm(b)]).toEqual([2, 2])
    toy.client(10)
    expect([toy.run(300_000).warm(a), toy.warm(b)]).toEqual([1, 2])
  })

  it("are none with mode off, and size of them with mode fixed", () => {
    expect(waiting(world({ pool: { mode: "off" } }).start().run(5_000))).toEqual([0])
    expect(waiting(world({ pool: { mode: "fixed", size: 5 } }).start().run(5_000))).toEqual([5])
  })

  it("are replaced when they are taken, lost or too old, and no two are kept for equally long", () => {
    const toy = world({ pool: { maxAgeMs: 20_000 } }).start().run(1_000).client(10).run(100)
    expect(toy.warm(a)).toBe(2)
    expect(toy.lose(a, "closed").run(200).warm(a)).toBe(2)
    const dialled = toy.warmDials.length
    toy.run(60_000)
    expect(toy.warmDials.length - dialled).toBeGreaterThanOrEqual(3)
    for (const { keepForMs } of toy.warmDials) {
      expect(keepForMs).toBeLessThanOrEqual(20_000)
      expect(keepForMs).toBeGreaterThan(15_999)
    }
    expect(new Set(toy.warmDials.map(({ keepForMs }) => keepForMs)).size).toBe(toy.warmDials.length)
  })

  it("grow in number to serve a burst, are kept for the next one, and fade", () => {
    const toy = world().start().run(1_000)
    const burst = () => {
      for (let i = 0; i < 20; i++) toy.client(10).run(1)
      return toy.run(500).warm(a)
    }
    const learned = burst()
    expect(learned).toBeGreaterThanOrEqual(20)
    const before = toy.entries.length
    expect(burst()).toBeGreaterThanOrEqual(20)
    const second = toy.entries.slice(before).map(({ event }) => event).filter(({ _tag }) => _tag === "ClientAccepted")
    expect(second.filter((event) => event._tag === "ClientAccepted" && event.warm > 0)).toHaveLength(20)
    for (let i = 0; i < 20; i++) toy.client(10).run(20_000)
    expect(toy.warm(a)).toBeLessThanOrEqual(2)
  })

  it("are never more than max for a candidate, nor more than poolTotal in all", () => {
    const greedy = world({ pool: { max: 6, connectsPerSecond: 1_000 } }).start().run(1_000)
    for (let i = 0; i < 200; i++) greedy.client(10).run(2)
    expect(greedy.run(1_000).warm(a)).toBe(6)
    const config = { ...configWith([{ candidates: addresses(2), pool: { mode: "fixed", size: 8 } }]), poolTotal: 10 }
    const toy = new Simulation(config, { otherwise: 20 }).start().run(5_000)
    expect(waiting(toy).reduce((sum, count) => sum + count, 0)).toBe(10)
  })

  it("share poolTotal by turns: room that one upstream frees goes to the one that waits, without any change of costs", () => {
    const quiet = { breaker: { enabled: false }, probing: { intervalMs: 3_600_000 }, scoreTtlMs: 3_600_000_000 }
    const pool = { mode: "fixed" as const, size: 4, maxAgeMs: 3_600_000 }
    const both = [{ ...quiet, candidates: addresses(1), pool }, {
      ...quiet,
      name: "api",
      candidates: addresses(2).slice(1),
      pool
    }]
    const toy = new Simulation({ ...configWith(both), poolTotal: 5 }, { otherwise: 20 }).start().run(5_000)
    expect([toy.warm(a), toy.warm(b)]).toEqual([4, 1])
    expect([toy.lose(a, "closed", 2).run(1_000).warm(a), toy.warm(b)]).toEqual([2, 3])
    // The upstream that lost a socket waits now; one that has enough is not woken.
    expect([toy.lose(b, "closed", 1).run(1_000).warm(a), toy.warm(b)]).toEqual([3, 2])
    toy.set(a, "refused").lose(a, "closed").run(10_000)
    expect([toy.warm(a), toy.warm(b)]).toEqual([0, 4])
  })

  it("are halved again and again when no client came for idleAfter", () => {
    const toy = world({ pool: { idleAfterMs: 10_000, maxAgeMs: 600_000 } }).start().run(1_000)
    for (let i = 0; i < 16; i++) toy.client(10).run(1)
    const full = toy.run(500).warm(a)
    expect(full).toBeGreaterThanOrEqual(16)
    toy.run(9_520)
    expect(toy.warm(a)).toBe(full - Math.ceil((full - 1) / 2))
    expect(toy.run(10_000).warm(a)).toBe(1)
  })

  it("are dialled with pauses that double while the candidate does not answer", () => {
    const changes = { breaker: { enabled: false }, probing: { intervalMs: 600_000 } }
    // The other candidate still answers, so this is no common cause.
    const toy = world({ ...changes, candidates: addresses(2), pool: { mode: "fixed", size: 1 } }).set(b, 90).start().run(
      1_000
    )
    toy.set(a, "refused").lose(a, "closed").run(20_000)
    const times = toy.warmDials.filter(({ host }) => host === a).slice(1).map(({ atUs }) => Math.round(atUs / 1_000))
    const gaps = times.slice(1).map((ms, i) => ms - times[i]!)
    expect(gaps.slice(0, 8).map((ms) => ms - 1)).toEqual([100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000])
  })

  it("are dialled no faster than connectsPerSecond when they keep dying, however many are missing", () => {
    const pool = { mode: "fixed" as const, size: 8, connectsPerSecond: 5 }
    const toy = world({ pool }).start().run(1_000)
    for (let i = 0; i < 100; i++) toy.lose(a, "closed").run(100)
    const times = toy.warmDials.map(({ atUs }) => atUs)
    for (const [i, from] of times.entries()) {
      const within = times.slice(i).filter((atUs) => atUs < from + 1_000_000).length
      expect(within).toBeLessThanOrEqual(8 + 5)
    }
    expect(times.length).toBeLessThanOrEqual(8 + 11 * 5)
    expect(times.length).toBeGreaterThan(40)
  })

  it("are not dialled towards a suspect, which keeps those it has, and are closed when its breaker opens", () => {
    const toy = world({ pool: { mode: "fixed", size: 4, maxAgeMs: 600_000 } }, 2).start().run(1_000)
    const { id } = Vector.get(toy.state.candidates, 0)!
    toy.set(a, "timeout").post({ _tag: "DialPending", worker: 0, candidate: id, pendingUs: 1_000 })
    const dialled = toy.warmDials.length
    expect(toy.run(1_500).warm(a)).toBe(4)
    toy.lose(a, "closed", 1).run(1_000)
    expect(toy.warmDials.slice(dialled).filter(({ host }) => host === a)).toEqual([])
    expect(toy.run(200_000).warm(a)).toBe(0)
    expect(toy.facts.some(({ _tag }) => _tag === "BreakerOpened")).toBe(true)
  })

  it("come back in step with slow start after the breaker closed", () => {
    const breaker = { failureThreshold: 1, cooldownMs: 1_000, rampMs: 10_000 }
    const pool = { mode: "fixed" as const, size: 10, connectsPerSecond: 1_000, maxAgeMs: 600_000 }
    const toy = world({ breaker, pool, probing: { ...upstreamDefaults.probing, intervalMs: 5_000 } }, 2).start().run(1_000)
    toy.set(a, "refused").run(5_000).set(a, 20)
    while (!toy.facts.some(({ _tag }) => _tag === "BreakerClosed")) toy.run(100)
    const sizes = Array.from({ length: 10 }, () => toy.run(1_000).warm(a))
    expect(sizes.every((size, i) => i === 0 || size >= sizes[i - 1]!)).toBe(true)
    expect(sizes[0]).toBeLessThanOrEqual(3)
    expect(sizes.at(-1)).toBe(10)
  })
})
