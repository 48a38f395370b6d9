import fc from "fast-check"
import { describe, expect } from "vitest"
import type { BalancingPolicy } from "../../src/core/model/Config.ts"
import type { Member, UpstreamRoutes } from "../../src/core/model/Routes.ts"
import { isAdmissible, pick } from "../../src/core/pick.ts"
import { law, met } from "../check.ts"

const NEAR_MS = 50
const memberOf = (slot: number, warmMs: number, latencyMs = 10, slowStartWeight = 1, generation = 1): Member => ({
  candidate: generation * 2 ** 20 + slot,
  warmMs,
  dialMs: warmMs + latencyMs,
  slowStartWeight,
  plan: {
    attempts: [{
      ...{ candidate: generation * 2 ** 20 + slot, host: `198.18.0.${slot}`, port: 443 },
      ...{ startAfterMs: 0, timeoutMs: 1, suspectAfterMs: 1 }
    }],
    deadlineMs: 1
  }
})
const routesOf = (members: ReadonlyArray<Member>, policy: BalancingPolicy = "leastConnections"): UpstreamRoutes => ({
  ...{ id: 0, name: "web", state: "active", members, policy, affinity: "client", toleranceMs: NEAR_MS, tolerancePercent: 0 },
  ...{
    lastResort: { attempts: [], deadlineMs: 1 },
    silentAfterMs: 100,
    domain: "",
    needsDiscovery: false,
    reuseWithinMs: 4_000
  },
  session: { idleMs: 1, halfCloseMs: 1, keepAliveMs: 1, stallMs: 1 }
})
const members = fc.uniqueArray(fc.integer({ min: 1, max: 250 }), { minLength: 1, maxLength: 6 }).chain((slots) =>
  fc.tuple(
    ...slots.map((slot) =>
      fc.tuple(fc.nat(3 * NEAR_MS), fc.nat(200), fc.constantFrom(1, 1, 0.1, 0.6)).map(([warmMs, latencyMs, share]) =>
        memberOf(slot, warmMs, latencyMs, share)
      )
    )
  )
)
const policy = fc.constantFrom<BalancingPolicy>("leastConnections", "powerOfTwo", "roundRobin", "random")
const client = fc.oneof(fc.ipV4(), fc.ipV6())
const counts = fc.func(fc.nat(5))
const chance = fc.tuple(fc.double({ min: 0, max: 0.999, noNaN: true }), fc.nat(9)).map(([drawn, turn]) => ({
  draw: () => drawn,
  turn: () => turn
}))
const chosenBy = (all: ReadonlyArray<Member>, client: string) =>
  pick(routesOf(all), () => 0, () => 0, undefined, () => client)
const clients = Array.from({ length: 600 }, (_, i) => `203.0.${i >> 8}.${i & 255}`)

describe("affinity", () => {
  law(
    "gives a client the same member under all loads, warm sockets, policies and draws, and one that a replay admits",
    fc.property(members, client, policy, fc.array(fc.tuple(counts, counts, chance), { minLength: 2, maxLength: 5 }), (
      all,
      client,
      policy,
      moments
    ) => {
      const routes = routesOf(all, policy)
      const chosen = moments.map(([connections, warm, chance]) => pick(routes, connections, warm, chance, () => client))
      expect(new Set(chosen).size).toBe(1)
      expect(isAdmissible(routes, chosen[0]!.candidate)).toBe(true)
      if (all.length > 1) met("there are several members")
      const near = routes.members.filter((one) => one.slowStartWeight >= 1)
      const lowest = Math.min(...near.map(({ warmMs }) => warmMs), chosen[0]!.warmMs)
      if (chosen[0]!.warmMs > lowest) met("another member than the cheapest was chosen")
      expect(chosen[0]!.warmMs - lowest).toBeLessThanOrEqual(NEAR_MS)
    }),
    { floors: { "there are several members": 86, "another member than the cheapest was chosen": 18 } }
  )

  law(
    "moves only the clients of a member that leaves, and to a new member only the clients that it wins",
    fc.property(
      fc.uniqueArray(fc.integer({ min: 1, max: 250 }), { minLength: 2, maxLength: 8 }),
      client,
      (slots, client) => {
        const all = slots.map((slot) => memberOf(slot, 20))
        const before = chosenBy(all, client)
        for (const gone of all) {
          const after = chosenBy(all.filter((one) => one !== gone), client)
          if (gone !== before) expect(after).toBe(before)
        }
      }
    )
  )

  law(
    "gives equal members about as many clients each, and the same clients after a restart with other ids",
    fc.property(fc.uniqueArray(fc.integer({ min: 1, max: 250 }), { minLength: 2, maxLength: 4 }), (slots) => {
      const all = slots.map((slot) => memberOf(slot, 20))
      const shares = all.map((member) =>
        clients.filter((client) => chosenBy(all, client) === member).length / clients.length
      )
      for (const share of shares) expect(Math.abs(share - 1 / all.length)).toBeLessThan(0.1)
      const restarted = slots.map((slot) => memberOf(slot, 20, 10, 1, 7)).toReversed()
      for (const client of clients.slice(0, 50)) {
        const host = (member?: Member) => member?.plan.attempts[0]?.host
        expect(host(chosenBy(restarted, client))).toBe(host(chosenBy(all, client)))
      }
    }),
    { share: 0.1 }
  )

  law(
    "gives a member in slow start more clients as its weight grows, and each client that moved to it stays there",
    fc.property(fc.constantFrom(0.1, 0.3, 0.5), (share) => {
      const at = (share: number) => [memberOf(1, 20), memberOf(2, 20, 10, share)]
      const over = (share: number) => clients.filter((client) => chosenBy(at(share), client)?.candidate === 2 ** 20 + 2)
      const early = over(share)
      expect(Math.abs(early.length / clients.length - share / 2)).toBeLessThan(0.08)
      const late = new Set(over(share + 0.4))
      expect(early.filter((client) => !late.has(client))).toEqual([])
    }),
    { share: 0.1 }
  )
})
