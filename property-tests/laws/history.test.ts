/** Laws of history: its bounds, which records it drops first, and that nothing expired serves. */
import fc from "fast-check"
import { describe, expect } from "vitest"
import * as Candidates from "../../src/core/candidates.ts"
import * as Vector from "../../src/core/data/Vector.ts"
import { historyMs, historyOf, newest } from "../../src/core/history.ts"
import { faults } from "../../src/core/invariants.ts"
import type { Candidate } from "../../src/core/model/Candidate.ts"
import type { HistoryRecord } from "../../src/core/model/History.ts"
import type { State } from "../../src/core/model/State.ts"
import { play, ruledScript } from "../arbitraries/run.ts"
import type { Move } from "../arbitraries/moves.ts"
import { law, met } from "../check.ts"

/** History is loaded again and again, the clock is read while it serves, and most handshakes in the middle fail, so breakers open. */
const remembering = ruledScript(90).map((script) => ({
  ...script,
  moves: script.moves.flatMap((one, i): ReadonlyArray<Move> => {
    const bad = i >= 30 && i < 60 && one.pick % 4 > 0
    const move: Move = bad ? { ...one, kind: SHAKES[i % SHAKES.length]!, failure: one.failure ?? "refused" } : one
    if (i % 7 !== 0) return [move]
    return [{ ...one, kind: "history" }, { ...one, kind: "wall", gapUs: Math.min(one.gapUs, 500_000) }, move]
  })
}))
const SHAKES: ReadonlyArray<Move["kind"]> = ["answer", "tick", "warmAnswer", "answer", "close"]

const candidatesOf = (state: State) => Vector.toArray(state.candidates).filter((one): one is Candidate => one !== null)

const keyOf = ({ host, upstream, address, port }: HistoryRecord) => JSON.stringify([host, upstream, address, port])

const placeOf = (state: State, candidate: Candidate) => {
  const { name, host } = Candidates.configOf(state, candidate)
  return JSON.stringify([host, host === "" ? name : undefined, candidate.host, candidate.port])
}

const record: fc.Arbitrary<HistoryRecord> = fc.record({
  host: fc.constantFrom("", "a.example", "b.example"),
  port: fc.constantFrom(80, 443),
  address: fc.integer({ min: 1, max: 9 }).map((i) => `198.18.0.${i}`),
  sources: fc.constant(["dns"] as const),
  latencyMs: fc.nat(500),
  measuredMs: fc.nat(1_000),
  expiresMs: fc.nat(2_000)
})

describe("history", () => {
  law(
    "of too many records keeps the latest ones, one for each address",
    fc.property(fc.array(record, { maxLength: 40, size: "max" }), fc.nat(12), (all, most) => {
      const kept = newest(all, most)
      if (kept.length < all.length) met("some are dropped")
      if (new Set(all.map(keyOf)).size < all.length) met("an address is named twice")
      const firsts = all.filter((one, i) => all.findIndex((other) => keyOf(other) === keyOf(one)) === i)
      expect(kept.length).toBe(Math.min(most, firsts.length))
      expect(new Set(kept.map(keyOf)).size).toBe(kept.length)
      const gone = firsts.filter((one) => !kept.includes(one))
      const oldest = Math.min(...kept.map(({ measuredMs }) => measuredMs))
      for (const { measuredMs } of gone) if (kept.length > 0) expect(measuredMs).toBeLessThanOrEqual(oldest)
      expect(newest(kept, most)).toEqual(kept)
    }),
    { floors: { "some are dropped": 73, "an address is named twice": 73 } }
  )

  law(
    "is bounded, has each address once, nothing expired, and no candidate with an open breaker",
    fc.property(remembering, (script) => {
      play(script, (_entry, _before, { state }) => {
        const left = historyOf(state)
        expect(left.length).toBeLessThanOrEqual(state.config.history.maxEntries)
        expect(new Set(left.map(keyOf)).size).toBe(left.length)
        for (const { expiresMs } of left) expect(expiresMs).toBeGreaterThan(historyMs(state, state.at))
        if (left.length > 0) met("something is left")
        const sampled = candidatesOf(state).filter(({ windowClosedAtUs, lastSampleAtUs }) =>
          windowClosedAtUs >= 0 || lastSampleAtUs >= 0
        )
        const good = new Set(sampled.filter(({ breaker }) => breaker.state === "closed").map((one) => placeOf(state, one)))
        const places = new Set(left.map(keyOf))
        for (const one of sampled) {
          // Upstreams of one host share what is known of an address.
          if (one.breaker.state === "closed" || good.has(placeOf(state, one))) continue
          met("a breaker is open")
          expect(places.has(placeOf(state, one))).toBe(false)
        }
      })
    }),
    { floors: { "something is left": 3_000, "a breaker is open": 600 } }
  )

  law(
    "serves only on the ladder, and nothing that has expired",
    fc.property(remembering, (script) => {
      play(script, ({ event }, _before, { state }) => {
        for (const upstream of Vector.toArray(state.upstreams)) {
          const members = state.routes.upstreams[upstream.id]?.members ?? []
          if (members.length > 0 && upstream.priors.length > 0) met("priors stand beside members")
          for (const { candidate } of members) expect(Candidates.find(state, candidate)?.costMs).toBeGreaterThanOrEqual(0)
          for (const id of upstream.priors) {
            const candidate = Candidates.find(state, id)
            expect(upstream.members).not.toContain(id)
            met("a prior serves")
            // What is due at this very moment ends with the next tick, or with a new reading of the clock.
            if (event._tag !== "WallRead" || candidate === undefined) continue
            met("the clock was read while it serves")
            expect(candidate.prior?.servesMs).toBeGreaterThan(historyMs(state, state.at))
            expect(candidate.prior?.expiresMs).toBeGreaterThan(historyMs(state, state.at))
          }
        }
      })
    }),
    { floors: { "a prior serves": 600, "the clock was read while it serves": 100, "priors stand beside members": 160 } }
  )

  law(
    "breaks no invariant of the state",
    fc.property(remembering, (script) => {
      play(script, ({ event }, before, { state }) => {
        if (event._tag === "HistoryLoaded" && state.candidates !== before.candidates) {
          met("loaded records changed a candidate")
        }
        expect(faults(state)).toEqual([])
      })
    }),
    { floors: { "loaded records changed a candidate": 80 } }
  )
})
