/** Laws of kept connections: no connection is used again beyond 0.7 of a low quantile of the lifetimes that were seen. */
import fc from "fast-check"
import { describe, expect } from "vitest"
import * as Vector from "../../src/core/data/Vector.ts"
import { historyOf } from "../../src/core/history.ts"
import { faults } from "../../src/core/invariants.ts"
import * as Lifetime from "../../src/core/math/Lifetime.ts"
import type { ConnectionKept } from "../../src/core/model/Event.ts"
import { MovePlayer } from "../arbitraries/MovePlayer.ts"
import { ruledScript } from "../arbitraries/run.ts"
import { law, met } from "../check.ts"

const idleMs = fc.oneof(fc.constantFrom(0, 1_000, 5_000, 15_000, 60_000), fc.nat(700_000))
const seen = fc.record({ ms: idleMs, died: fc.boolean() })
const report = fc.record({
  after: fc.nat(80),
  upstream: fc.nat(3),
  ms: idleMs,
  saw: fc.constantFrom<ConnectionKept["saw"]>("closed", "dead", "alive", "announced"),
  outlived: fc.constantFrom(0, 0, 0, 6, 7, 16)
})

describe("the lifetime of idle connections", () => {
  law(
    "is at most that of seven of eight deaths that are remembered, and at most the longest that was seen",
    fc.property(fc.array(seen, { maxLength: 60, size: "max" }), (all) => {
      const lifetime = all.reduce(Lifetime.add, Lifetime.unknown)
      const deaths = all.filter(({ died }) => died)
      expect(lifetime.length).toBeLessThanOrEqual(16)
      expect(Lifetime.lowMs(lifetime)).toBeLessThanOrEqual(Math.max(-1, ...all.map(({ ms }) => ms)))
      const low = Lifetime.lowMs(lifetime)
      expect(lifetime.filter(({ ms }) => ms < low).length).toBeLessThanOrEqual(lifetime.length / 8)
      if (lifetime.length < 8 && lifetime.length > 0) {
        met("few were seen")
        // The shortest death is remembered until there are more.
        if (deaths.length > 0) expect(low).toBeLessThanOrEqual(Math.min(...deaths.map(({ ms }) => ms)))
      }
      if (lifetime.length === 16) met("many were seen")
    }),
    { floors: { "few were seen": 30, "many were seen": 39 } }
  )

  law(
    "is learned: whatever was seen before, a server that now closes after one time is known after 16 deaths",
    fc.property(fc.array(seen, { maxLength: 40 }), idleMs, (before, ms) => {
      const deaths = Array.from({ length: 16 }, () => ({ ms, died: true }))
      const lifetime = [...before, ...deaths].reduce(Lifetime.add, Lifetime.unknown)
      if (Lifetime.lowMs(before.reduce(Lifetime.add, Lifetime.unknown)) !== ms) met("another time was known before")
      expect(Lifetime.lowMs(lifetime)).toBe(ms)
    }),
    { floors: { "another time was known before": 100 } }
  )
})

describe("reports of kept connections in any run", () => {
  law(
    "lower and raise the limit in the routes as they should, and nothing of them is in history without a death",
    fc.property(
      ruledScript(80),
      fc.array(report, { maxLength: 20, size: "max" }),
      fc.boolean(),
      (script, reports, isSilent) => {
        let died = false
        const player = new MovePlayer(script.config, script.seed, (entry, before, { state }) => {
          if (entry.event._tag === "ConnectionKept" && Vector.get(before.upstreams, entry.event.upstream) !== undefined) {
            met(`${entry.event.saw} was reported`)
            if (entry.event.saw !== "alive") died = true
            const limitMs = state.routes.upstreams[entry.event.upstream]?.reuseWithinMs as number
            const seenMs = entry.event.idleUs / 1000
            const isFirst = Vector.get(before.upstreams, entry.event.upstream)!.kept.lived.length === 0
            if (entry.event.saw === "announced") expect(10 * limitMs).toBeLessThanOrEqual(7 * seenMs)
            if (isFirst && entry.event.saw !== "alive" && entry.event.outlived < 7) {
              expect(10 * limitMs).toBeLessThanOrEqual(7 * seenMs)
            }
          }
          const known = historyOf(state).filter(({ keptMs }) => keptMs !== undefined)
          const fromBefore = state.remembered.records.some(({ keptMs }) => keptMs !== undefined)
          if (!died && !fromBefore) expect(known).toEqual([])
          if (known.length > 0) met("history has a lifetime")
          for (const { reuseWithinMs, id } of state.routes.upstreams) {
            if (Vector.get(state.upstreams, id)!.kept.lived.length > 0) continue
            const { announcedMs } = Vector.get(state.upstreams, id)!.kept
            if (announcedMs < 0) expect(reuseWithinMs).toBe(4_000)
          }
          expect(faults(state)).toEqual([])
        }, script.reloads ?? [])
        player.post({ _tag: "Started", worker: 0, wallMs: 1_790_000_000_000 })
        script.moves.forEach((move, i) => {
          player.make(move)
          for (const { after, upstream, ms, saw, outlived } of isSilent ? [] : reports) {
            if (after === i) player.post({ _tag: "ConnectionKept", worker: 0, upstream, idleUs: ms * 1000, saw, outlived })
          }
        })
      }
    ),
    {
      share: 0.5,
      floors: {
        "closed was reported": 26,
        "dead was reported": 20,
        "alive was reported": 32,
        "announced was reported": 20,
        "history has a lifetime": 94
      }
    }
  )
})
