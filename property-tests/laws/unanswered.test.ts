import fc from "fast-check"
import { describe, expect } from "vitest"
import * as Candidates from "../../src/core/candidates.ts"
import { addresses, configWith } from "../../test/support/config.ts"
import { Simulation } from "../../src/sim/Simulation.ts"
import type { Reply } from "../../src/sim/session.ts"
import { law, met } from "../check.ts"

const SECOND = 1_000
const LAPSE_MS = 5 * SECOND
const MOST_LAPSE_MS = 300 * SECOND

const reply = fc.constantFrom<Reply>("reset", "closed", "alert", "silent", "one-way")
const world = fc.record({
  replies: fc.array(reply, { minLength: 2, maxLength: 5 }),
  everyMs: fc.constantFrom(50, 200, 700, 3_000),
  holdMs: fc.constantFrom(0, 400, 5_000),
  forMs: fc.integer({ min: 10 * SECOND, max: 400 * SECOND })
})

/** The most suspicions of one candidate within a time: each begins right after the one before lapsed, and lasts twice as long. */
function most(forMs: number): number {
  let count = 1
  for (let atMs = 0, lapseMs = LAPSE_MS; atMs + lapseMs <= forMs; count++) {
    atMs += lapseMs
    lapseMs = Math.min(2 * lapseMs, MOST_LAPSE_MS)
  }
  return count
}

describe("an upstream that has answered no client", () => {
  law(
    "gives every client a candidate, opens no breaker, and passes each candidate over ever more rarely",
    fc.property(world, ({ replies, everyMs, holdMs, forMs }) => {
      const list = addresses(replies.length)
      const toy = new Simulation(configWith([{ candidates: list }]))
      list.forEach(({ host }, i) => toy.set(host, 5 + 30 * i).replies(host, replies[i] as Reply))
      toy.start().run(SECOND)
      for (let ms = 0; ms < forMs; ms += everyMs) {
        toy.client(holdMs).run(everyMs)
        expect(toy.members()).not.toEqual([])
      }
      expect(toy.unserved).toEqual([])
      expect(toy.facts.filter(({ _tag }) => _tag === "BreakerOpened")).toEqual([])
      const suspected = toy.facts.filter((fact) => fact._tag === "Suspected")
      for (const id of new Set(suspected.map(({ candidate }) => candidate))) {
        expect(suspected.filter(({ candidate }) => candidate === id).length).toBeLessThanOrEqual(most(forMs))
      }
      if (suspected.length > replies.length) met("a candidate is passed over again")
      for (const { event } of toy.entries) {
        if (event._tag !== "ClientClosed") continue
        const one = Candidates.find(toy.state, event.candidate)
        if (one === undefined || replies[list.findIndex(({ host }) => host === one.host)] !== "one-way") continue
        met("a session ends well")
        expect(suspected.some(({ candidate }) => candidate === one.id)).toBe(false)
      }
    }),
    { share: 0.2, floors: { "a candidate is passed over again": 14, "a session ends well": 13_000 } }
  )

  law(
    "finds the one candidate that answers, and from then on that candidate serves most clients",
    fc.property(
      fc.array(fc.constantFrom<Reply>("reset", "closed", "alert"), { minLength: 1, maxLength: 5 }),
      fc.constantFrom(50, 200),
      (replies, everyMs) => {
        const list = addresses(replies.length + 1)
        const toy = new Simulation(configWith([{ candidates: list }]))
        list.forEach(({ host }, i) => toy.set(host, 5 + 30 * i).replies(host, replies[i] ?? 10))
        toy.start().run(SECOND)
        for (let i = 0; i < 10 * list.length; i++) toy.client().run(everyMs)
        const before = toy.entries.length
        for (let ms = 0; ms < 60 * SECOND; ms += everyMs) toy.client().run(everyMs)
        const ends = toy.entries.slice(before).flatMap(({ event }) =>
          event._tag === "ClientClosed" ? [event.firstByteUs >= 0] : []
        )
        // The cheapest one fails, so without a search clients would stay with it.
        met("a client's session ended")
        expect(ends.length).toBeGreaterThan(100)
        expect(ends.filter((isAnswered) => isAnswered).length).toBeGreaterThan(0.75 * ends.length)
      }
    ),
    { share: 0.2, floors: { "a client's session ended": 16 } }
  )
})
