/** Laws of relief: a server that serves one connection at a time loses its warm sockets, and one that is only slow keeps them. */
import fc from "fast-check"
import { describe, expect } from "vitest"
import * as Vector from "../../src/core/data/Vector.ts"
import { addresses, configWith } from "../../test/support/config.ts"
import { Simulation } from "../../src/sim/Simulation.ts"
import { law, met } from "../check.ts"

const HOST = addresses(1)[0]!.host
const FIRST_MS = 60_000

/** One address with warm sockets, and neither probes nor breakers beside them. */
function world(size: number, withholdForMs: number, seed: number): Simulation {
  const pool = { mode: "fixed" as const, size, maxAgeMs: 36_000_000, withholdForMs }
  const quiet = { breaker: { enabled: false }, probing: { intervalMs: 3_600_000 }, scoreTtlMs: 36_000_000 }
  return new Simulation(configWith([{ candidates: addresses(1), pool, ...quiet }]), { otherwise: 2, seed }).start().run(
    1_000
  )
}

const withheld = (toy: Simulation) => toy.facts.flatMap((fact) => fact._tag === "WarmWithheld" ? [fact] : [])

/** A session that is silent and then speaks: a while after the last warm sockets ended, or after a time of its own. */
function session(toy: Simulation, id: number, { afterReliefMs, slowMs }: { afterReliefMs: number; slowMs: number }): void {
  const told = { worker: 0, session: id, candidate: Vector.get(toy.state.candidates, 0)!.id }
  toy.post({ _tag: "SessionSilent", ...told, waitedUs: 100_000 })
  if (slowMs > 0) toy.run(slowMs)
  else {
    for (const sinceMs = toy.atMs; toy.warm(HOST) > 0 && toy.atMs - sinceMs < 10_000;) toy.run(5)
    toy.run(afterReliefMs)
  }
  toy.post({ _tag: "SessionSpoke", ...told }).run(2_000)
}

describe("warm sockets in the way of clients", () => {
  law(
    "are withheld after three sessions in a row that spoke once they were closed, for a minute, doubled with each time",
    fc.property(
      fc.integer({ min: 1, max: 4 }),
      fc.constantFrom(30_000, 100_000, 3_600_000),
      fc.array(fc.integer({ min: 0, max: 90 }), { minLength: 9, maxLength: 9 }),
      fc.nat(1_000),
      (size, withholdForMs, replies, seed) => {
        const toy = world(size, withholdForMs, seed)
        replies.forEach((afterReliefMs, i) => {
          expect(withheld(toy)).toHaveLength(Math.floor(i / 3))
          session(toy, 100 + i, { afterReliefMs, slowMs: 0 })
          if (i % 3 < 2) return
          met("a serial server was found")
          const { forMs, reason } = withheld(toy).at(-1)!
          const times = Math.floor(i / 3)
          expect(withheld(toy)).toHaveLength(times + 1)
          // A short time is forgotten before the next three have come.
          const least = Math.min(FIRST_MS, withholdForMs)
          expect(reason).toBe("serial")
          expect([least, Math.min(FIRST_MS * 2 ** times, withholdForMs)]).toContain(forMs)
          expect(toy.run(forMs - 3_000).warm(HOST)).toBe(0)
          expect(toy.run(5_000).warm(HOST)).toBe(size)
        })
      }
    ),
    { share: 0.2, floors: { "a serial server was found": 60 } }
  )

  law(
    "stay where requests are only slow, however long they take, and few are closed to find out",
    fc.property(
      fc.integer({ min: 1, max: 4 }),
      fc.oneof(
        fc.integer({ min: 120, max: 700 }).map((ms) => [ms]),
        fc.array(fc.integer({ min: 100, max: 1_500 }), { minLength: 5, maxLength: 40 })
      ),
      fc.nat(1_000),
      (size, times, seed) => {
        const toy = world(size, 3_600_000, seed)
        const before = toy.warmDials.length
        for (let i = 0; i < 100; i++) session(toy, 100 + i, { afterReliefMs: 0, slowMs: times[i % times.length]! })
        if (toy.warmDials.length > before) met("warm sockets were closed to find out")
        expect(withheld(toy)).toEqual([])
        // A miss doubles the time until the next trial, and a hit by chance has it begin again.
        expect(toy.warmDials.length - before).toBeLessThanOrEqual(40 * size)
      }
    ),
    { share: 0.2, floors: { "warm sockets were closed to find out": 20 } }
  )

  law(
    "are withheld after the third that a server turned away within ten seconds while an older one lived",
    fc.property(
      fc.array(fc.oneof(fc.integer({ min: 120, max: 4_000 }), fc.integer({ min: 10_100, max: 15_000 })), {
        minLength: 3,
        maxLength: 12
      }),
      fc.nat(1_000),
      (gapsMs, seed) => {
        const toy = world(2, 3_600_000, seed)
        let inRow = 0
        for (const gapMs of gapsMs) {
          toy.run(gapMs)
          const { id, warm } = Vector.get(toy.state.candidates, 0)!
          expect(warm.ready).toHaveLength(2)
          const of = { worker: 0, warm: warm.ready[1]!, candidate: id }
          toy.post({ _tag: "WarmLost", ...of, reason: "closed", ageUs: 1_000 })
          inRow = inRow > 0 && gapMs <= 10_000 ? inRow + 1 : 1
          met(inRow > 1 ? "another was turned away in time" : "one was turned away")
          if (inRow < 3) {
            expect(withheld(toy)).toEqual([])
            continue
          }
          met("a full server was found")
          expect(withheld(toy)).toMatchObject([{ reason: "full", forMs: FIRST_MS }])
          expect(Vector.get(toy.run(1_000).state.candidates, 0)!.warm).toMatchObject({ dialling: [], target: 0 })
          return
        }
      }
    ),
    {
      share: 0.5,
      floors: { "one was turned away": 140, "another was turned away in time": 99, "a full server was found": 25 }
    }
  )
})
