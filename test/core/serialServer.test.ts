/** Warm sockets that keep clients from being served: the server serves one connection at a time, or turns others away. */
import { describe, expect, it } from "vitest"
import * as Vector from "../../src/core/data/Vector.ts"
import type { UpstreamChanges } from "../support/config.ts"
import { addresses, configWith } from "../support/config.ts"
import { Simulation } from "../../src/sim/Simulation.ts"

const [a] = addresses(1).map(({ host }) => host) as [string]
const quiet = { breaker: { enabled: false }, probing: { intervalMs: 3_600_000 }, scoreTtlMs: 36_000_000 }
const world = (changes: UpstreamChanges = {}) =>
  new Simulation(
    configWith([{ candidates: addresses(1), pool: { mode: "fixed", size: 2, maxAgeMs: 36_000_000 }, ...quiet, ...changes }]),
    { otherwise: 2 }
  ).start().run(1_000)
const candidateOf = (toy: Simulation, slot = 0) => Vector.get(toy.state.candidates, slot)!
const withheld = (toy: Simulation) =>
  toy.facts.flatMap((fact) => fact._tag === "WarmWithheld" ? [[fact.reason, fact.forMs]] : [])
const held = [["serial", 60_000]]

let session = 1_000
/** A session that waits behind warm sockets: the core hears that it is silent, and that it speaks `afterMs` after the last of them ended. */
function waits(toy: Simulation, afterMs: number, mostMs = 10_000): number {
  const told = { worker: 0, session: ++session, candidate: candidateOf(toy).id }
  toy.post({ _tag: "SessionSilent", ...told, waitedUs: 100_000 })
  const sinceMs = toy.atMs
  while (toy.warm(a) > 0 && toy.atMs - sinceMs < mostMs) toy.run(1)
  const emptiedAfterMs = toy.atMs - sinceMs
  toy.run(afterMs).post({ _tag: "SessionSpoke", ...told }).run(2_000)
  return emptiedAfterMs
}
/** A session whose request takes `ms`, whatever happens to the warm sockets. */
function isSlow(toy: Simulation, ms: number): void {
  const told = { worker: 0, session: ++session, candidate: candidateOf(toy).id }
  toy.post({ _tag: "SessionSilent", ...told, waitedUs: 100_000 })
  toy.run(ms).post({ _tag: "SessionSpoke", ...told }).run(2_000)
}

describe("a server that serves one connection at a time", () => {
  it("has its warm sockets closed within a second when a session waits behind them, and gets new ones after that", () => {
    const toy = world()
    const emptiedAfterMs = waits(toy, 5)
    expect(emptiedAfterMs).toBeGreaterThanOrEqual(200)
    expect(emptiedAfterMs).toBeLessThanOrEqual(400)
    expect(toy.warm(a)).toBe(2)
    expect(withheld(toy)).toEqual([])
  })

  it.each([[1, 100], [200, 400], [3_000, 1_000]])(
    "that usually answers after %d ms has its warm sockets closed after two to four times %d ms of a session's silence",
    (usualMs, windowMs) => {
      const toy = world().replies(a, usualMs).client(10_000).run(120_000)
      const emptiedAfterMs = waits(toy, 5)
      expect(emptiedAfterMs).toBeGreaterThanOrEqual(2 * windowMs)
      expect(emptiedAfterMs).toBeLessThanOrEqual(4 * windowMs)
    }
  )

  it("gets no warm sockets for a minute after the third session that spoke only when they were closed", () => {
    const toy = world()
    for (let i = 0; i < 3; i++) waits(toy, 5)
    expect(withheld(toy)).toEqual(held)
    expect(toy.warm(a)).toBe(0)
    for (let i = 0; i < 20; i++) toy.client(10).run(1_000)
    expect(toy.warm(a)).toBe(0)
    expect(toy.run(60_000).warm(a)).toBe(2)
  })

  it.each([[1_000, [1_000, 1_000, 1_000]], [3_600_000, [60_000, 120_000, 240_000]]])(
    "gets warm sockets again after a minute, then after twice as long each time, at most withholdFor (%d ms)",
    (withholdForMs, expected) => {
      const toy = world({ pool: { mode: "fixed", size: 2, maxAgeMs: 36_000_000, withholdForMs } })
      for (const forMs of expected) {
        for (let i = 0; i < 3; i++) waits(toy, 5)
        toy.run(forMs)
      }
      // With a short withholdFor the earlier waits are forgotten, so each is the first again.
      expect(withheld(toy)).toEqual(expected.map((forMs) => ["serial", forMs]))
    }
  )

  it("at the same address in two upstreams has the warm sockets of both closed and withheld", () => {
    const shelf = { ...quiet, candidates: addresses(1), pool: { mode: "fixed" as const, size: 2, maxAgeMs: 36_000_000 } }
    const toy = new Simulation(configWith([shelf, { ...shelf, name: "api" }]), { otherwise: 2 }).start().run(1_000)
    expect(toy.warm(a)).toBe(4)
    for (let i = 0; i < 3; i++) waits(toy, 5)
    expect(withheld(toy)).toEqual([...held, ...held])
    expect(toy.warm(a)).toBe(0)
  })
})

describe("a server with slow requests", () => {
  it("is not taken for one that serves one connection at a time, and loses few warm sockets", () => {
    const toy = world()
    for (let i = 0; i < 300; i++) isSlow(toy, 250 + (i * 37) % 700)
    expect(withheld(toy)).toEqual([])
    expect(toy.warmDials.length).toBeLessThanOrEqual(2 + 2 * 24)
  })

  it("keeps its warm pool when each of its requests takes the same time", () => {
    for (const ms of [180, 250, 330, 450, 700]) {
      const toy = world()
      for (let i = 0; i < 300; i++) isSlow(toy, ms)
      expect(withheld(toy)).toEqual([])
    }
  })

  it("keeps its warm pool when clients take warm sockets during a request and others still wait at its end", () => {
    const toy = world({ pool: { mode: "fixed", size: 4, maxAgeMs: 36_000_000 } })
    for (let i = 0; i < 100; i++) {
      const told = { worker: 0, session: ++session, candidate: candidateOf(toy).id }
      toy.post({ _tag: "SessionSilent", ...told, waitedUs: 100_000 })
      toy.run(100).client(10).run(20).post({ _tag: "SessionSpoke", ...told }).run(2_000)
    }
    expect(withheld(toy)).toEqual([])
  })
})

describe("a server that turns new connections away", () => {
  it("gets no warm sockets once three in a row were closed at once while an older one lived on", () => {
    const toy = world()
    const [, second] = candidateOf(toy).warm.ready
    const lose = (warm: number) =>
      toy.post({ _tag: "WarmLost", worker: 0, warm, candidate: candidateOf(toy).id, reason: "closed", ageUs: 1_000 })
    lose(second!)
    for (let i = 0; i < 8; i++) {
      const { ready } = toy.run(150) && candidateOf(toy).warm
      if (ready.length > 1) lose(ready[1]!)
    }
    expect(withheld(toy)).toEqual([["full", 60_000]])
    expect(candidateOf(toy).warm).toMatchObject({ dialling: [], target: 0 })
  })

  it("gets no warm sockets once new dials are refused while an older one lives on, and gets some where there is none", () => {
    const alone = world({ pool: { mode: "fixed", size: 1, maxAgeMs: 36_000_000 } })
    alone.set(a, "refused").lose(a, "closed").run(5_000)
    expect(withheld(alone)).toEqual([])
    const older = world().set(a, "refused").lose(a, "expired", 1).run(5_000)
    expect(withheld(older)).toEqual([["full", 60_000]])
    expect(older.warm(a)).toBe(0)
  })

  it("gets no warm sockets when new dials time out while it sends bytes, and gets some when it is silent: the network is down", () => {
    const full = (talks: boolean) => {
      const toy = world({ candidates: addresses(2) }).set(a, "timeout").lose(a, "expired", 1)
      for (let i = 0; i < 100; i++) {
        toy.run(100)
        const candidate = candidateOf(toy).id
        if (talks) toy.post({ _tag: "SessionSpoke", worker: 0, session: 1, candidate })
      }
      return withheld(toy)
    }
    expect(full(true)).toEqual([["full", 60_000]])
    expect(full(false)).toEqual([])
  })
})
