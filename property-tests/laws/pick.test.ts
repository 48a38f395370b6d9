import fc from "fast-check"
import { describe, expect } from "vitest"
import type { UpstreamRoutes } from "../../src/core/model/Routes.ts"
import { isAdmissible, pick, reasonOf } from "../../src/core/pick.ts"
import { law } from "../check.ts"

const plan = { attempts: [], deadlineMs: 10_000 }
const ms = fc.oneof(fc.integer({ min: 0, max: 12 }), fc.double({ min: 0, max: 500, noNaN: true }))

const routes: fc.Arbitrary<UpstreamRoutes> = fc.record({
  members: fc.array(fc.tuple(ms, ms), { maxLength: 5 }).map((all) =>
    all.map(([warmMs, latencyMs], i) => ({ candidate: 10 + i, warmMs, dialMs: warmMs + latencyMs, plan }))
  ),
  toleranceMs: fc.constantFrom(0, 5, 60),
  tolerancePercent: fc.constantFrom(0, 10, 150)
}).map((some) => ({
  id: 0,
  name: "web",
  state: "active",
  lastResort: plan,
  session: { idleMs: 1, halfCloseMs: 1, keepAliveMs: 1 },
  ...some
}))
const counts = fc.array(fc.nat(3), { minLength: 5, maxLength: 5 })
const countOf = (all: ReadonlyArray<number>) => (candidate: number) => all[candidate - 10] ?? 0

describe("pick", () => {
  law(
    "takes the member with the fewest connections among those near the lowest expectation",
    fc.property(routes, counts, counts, (routes, connections, warm) => {
      const chosen = pick(routes, countOf(connections), countOf(warm))
      const all = routes.members.map((member, place) => ({
        member,
        place,
        expectedMs: countOf(warm)(member.candidate) > 0 ? member.warmMs : member.dialMs,
        clients: countOf(connections)(member.candidate)
      }))
      const lowestMs = Math.min(...all.map(({ expectedMs }) => expectedMs))
      const limitMs = lowestMs + Math.max(routes.toleranceMs, (routes.tolerancePercent / 100) * lowestMs)
      const near = all.filter(({ expectedMs }) => expectedMs <= limitMs)
      near.sort((a, b) => a.clients - b.clients || a.expectedMs - b.expectedMs || a.place - b.place)
      expect(chosen).toBe(near[0]?.member)
    }),
    { share: 3 }
  )

  law(
    "makes no choice that a replay would not admit, whatever the counts",
    fc.property(routes, counts, counts, (routes, connections, warm) => {
      const chosen = pick(routes, countOf(connections), countOf(warm))?.candidate ?? -1
      expect(isAdmissible(routes, chosen)).toBe(true)
      expect(isAdmissible(routes, -1)).toBe(routes.members.length === 0)
      expect(isAdmissible(routes, 99)).toBe(false)
    }),
    { share: 3 }
  )

  law(
    "could make every choice that a replay admits",
    fc.property(routes, (routes) => {
      for (const { candidate } of routes.members) {
        const only = (value: number, others: number) => (id: number) => (id === candidate ? value : others)
        const best = pick(routes, only(0, 1), only(1, 0))?.candidate
        expect(isAdmissible(routes, candidate)).toBe(best === candidate)
      }
    })
  )

  law(
    "says why: only, cheapest, balanced, or unranked without members",
    fc.property(routes, (routes) => {
      expect(reasonOf(routes, -1)).toBe("unranked")
      const lowestMs = Math.min(...routes.members.map(({ dialMs }) => dialMs))
      for (const { candidate, dialMs } of routes.members) {
        const expected = routes.members.length === 1 ? "only" : dialMs === lowestMs ? "cheapest" : "balanced"
        expect(reasonOf(routes, candidate)).toBe(expected)
      }
    })
  )
})
