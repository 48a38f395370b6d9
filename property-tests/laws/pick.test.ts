import fc from "fast-check"
import { describe, expect } from "vitest"
import type { BalancingPolicy } from "../../src/core/model/Config.ts"
import type { Member, UpstreamRoutes } from "../../src/core/model/Routes.ts"
import type { Chance } from "../../src/core/pick.ts"
import { isAdmissible, pick, reasonOf } from "../../src/core/pick.ts"
import { Draws } from "../../src/sim/Draws.ts"
import { law, met } from "../check.ts"

const plan = { attempts: [], deadlineMs: 10_000 }
const ms = fc.oneof(fc.integer({ min: 0, max: 12 }), fc.double({ min: 0, max: 500, noNaN: true }))
const slowStartWeight = fc.oneof({ weight: 3, arbitrary: fc.constant(1) }, {
  weight: 1,
  arbitrary: fc.constantFrom(0.1, 0.5)
})

const routes: fc.Arbitrary<UpstreamRoutes> = fc.record({
  members: fc.array(fc.tuple(ms, ms, slowStartWeight), { maxLength: 5 }).map((all) =>
    all.map(([warmMs, latencyMs, slowStartWeight], i) => ({
      candidate: 10 + i,
      warmMs,
      dialMs: warmMs + latencyMs,
      slowStartWeight,
      plan
    }))
  ),
  policy: fc.constantFrom<BalancingPolicy>("leastConnections", "powerOfTwo", "roundRobin", "random"),
  toleranceMs: fc.constantFrom(0, 5, 60),
  tolerancePercent: fc.constantFrom(0, 10, 150)
}).map((some) => ({
  id: 0,
  name: "web",
  state: "active",
  lastResort: plan,
  session: { idleMs: 1, halfCloseMs: 1, keepAliveMs: 1, stallMs: 1 },
  silentAfterMs: 100,
  domain: "",
  needsDiscovery: false,
  reuseWithinMs: 4_000,
  affinity: "none",
  ...some
}))
const counts = fc.array(fc.nat(3), { minLength: 5, maxLength: 5 })
const countOf = (all: ReadonlyArray<number>) => (candidate: number) => all[candidate - 10] ?? 0

const draws = fc.array(fc.double({ min: 0, max: 0.999, noNaN: true }), { minLength: 1, maxLength: 6 })

/** The same draws in the same order, each time they are asked for. */
function chanceOf(draws: ReadonlyArray<number>, firstTurn = 0): Chance {
  let drawn = 0
  let turn = firstTurn
  return { draw: () => draws[drawn++ % draws.length]!, turn: () => turn++ }
}

interface Seen {
  readonly member: Member
  readonly expectedMs: number
  readonly clients: number
}

/** The members that take part, and those near enough to share; draws are used up in the order of members. */
function nearOf(
  { members, toleranceMs, tolerancePercent }: UpstreamRoutes,
  connections: ReadonlyArray<number>,
  warm: ReadonlyArray<number>,
  chance: Chance
): ReadonlyArray<Seen> {
  const lucky = members.filter((member) =>
    members.length === 1 || member.slowStartWeight >= 1 || chance.draw() < member.slowStartWeight
  )
  const present = (lucky.length > 0 ? lucky : members).map((member) => ({
    member,
    expectedMs: countOf(warm)(member.candidate) > 0 ? member.warmMs : member.dialMs,
    clients: countOf(connections)(member.candidate)
  }))
  const lowestMs = Math.min(...present.map(({ expectedMs }) => expectedMs))
  const limitMs = lowestMs + Math.max(toleranceMs, (tolerancePercent / 100) * lowestMs)
  return present.filter(({ expectedMs }) => expectedMs <= limitMs)
}

const fewest = (a: Seen, b: Seen) => (b.clients - a.clients || b.expectedMs - a.expectedMs) < 0 ? b : a

/** What each policy makes of the members that share. */
const byPolicy: Record<BalancingPolicy, (near: ReadonlyArray<Seen>, chance: Chance) => Seen | undefined> = {
  leastConnections: (near) => near.length === 0 ? undefined : near.reduce(fewest),
  random: (near, { draw }) => near[Math.floor(draw() * near.length)],
  roundRobin: (near, { turn }) => near[turn() % near.length],
  powerOfTwo: (near, { draw }) => {
    const [a, b] = [near[Math.floor(draw() * near.length)]!, near[Math.floor(draw() * near.length)]!]
    return fewest(a, b)
  }
}

describe("pick", () => {
  law(
    "takes the member that the policy says, of those near the lowest expectation",
    fc.property(routes, counts, counts, draws, (routes, connections, warm, draws) => {
      const chosen = pick(routes, countOf(connections), countOf(warm), chanceOf(draws, connections[0]))
      const chance = chanceOf(draws, connections[0])
      const near = nearOf(routes, connections, warm, chance)
      const expected = near.length <= 1 ? near[0] : byPolicy[routes.policy](near, chance)
      if (near.length > 1) met(`several share by ${routes.policy}`)
      if (near.length > 0 && near.length < routes.members.length) met("a member is not near")
      expect(chosen).toBe(expected?.member)
    }),
    {
      share: 3,
      floors: {
        "several share by leastConnections": 29,
        "several share by powerOfTwo": 27,
        "several share by roundRobin": 21,
        "several share by random": 23,
        "a member is not near": 96
      }
    }
  )

  law(
    "goes round all members that share, one after the other",
    fc.property(routes, counts, fc.nat(100), (routes, warm, firstTurn) => {
      const steady = {
        ...routes,
        policy: "roundRobin" as const,
        members: routes.members.filter(({ slowStartWeight }) => slowStartWeight >= 1)
      }
      const chance = chanceOf([0], firstTurn)
      const near = nearOf(steady, [], warm, chance).map(({ member }) => member)
      const round = near.map(() => pick(steady, () => 0, countOf(warm), chance))
      if (near.length > 1) met("several share")
      expect(new Set(round)).toEqual(new Set(near))
    }),
    { floors: { "several share": 30 } }
  )

  law(
    "gives a member in slow start its weight of the draws, and all of them when there is no other member",
    fc.property(fc.constantFrom(0.1, 0.3, 0.7), fc.integer({ min: 0, max: 2 ** 31 }), (slowStartWeight, seed) => {
      const member = (candidate: number, slowStartWeight: number): Member => ({
        candidate,
        warmMs: 5,
        dialMs: 10,
        slowStartWeight,
        plan
      })
      const of = (members: ReadonlyArray<Member>): UpstreamRoutes => ({
        ...{ id: 0, name: "web", state: "active", members, policy: "leastConnections", toleranceMs: 0 },
        ...{
          tolerancePercent: 0,
          lastResort: plan,
          silentAfterMs: 100,
          domain: "",
          needsDiscovery: false,
          reuseWithinMs: 4_000,
          affinity: "none"
        },
        session: { idleMs: 1, halfCloseMs: 1, keepAliveMs: 1, stallMs: 1 }
      })
      const chance = { draw: new Draws(seed).draw, turn: () => 0 }
      const busy = (candidate: number) => (candidate === 10 ? 5 : 0)
      let ramping = 0
      for (let i = 0; i < 2_000; i++) {
        if (pick(of([member(10, 1), member(11, slowStartWeight)]), busy, () => 0, chance)?.candidate === 11) ramping++
      }
      expect(Math.abs(ramping / 2_000 - slowStartWeight)).toBeLessThan(0.06)
      expect(pick(of([member(11, slowStartWeight)]), busy, () => 0, chance)?.candidate).toBe(11)
      expect(
        pick(of([member(11, slowStartWeight), member(12, slowStartWeight)]), busy, () => 0, { ...chance, draw: () => 0.9 })
      ).toBeDefined()
    }),
    { share: 0.2 }
  )

  law(
    "makes no choice that a replay would not admit, whatever the counts and draws",
    fc.property(routes, counts, counts, draws, (routes, connections, warm, draws) => {
      const chosen = pick(routes, countOf(connections), countOf(warm), chanceOf(draws))?.candidate ?? "none"
      expect(isAdmissible(routes, chosen)).toBe(true)
      expect(isAdmissible(routes, "none")).toBe(routes.members.length === 0)
      expect(isAdmissible(routes, 99)).toBe(false)
      if (routes.members.some(({ candidate }) => !isAdmissible(routes, candidate))) met("a member may not be chosen")
    }),
    { share: 3, floors: { "a member may not be chosen": 93 } }
  )

  law(
    "could make every choice that a replay admits, and no other",
    fc.property(routes, (routes) => {
      const least = { ...routes, policy: "leastConnections" as const }
      const ramping = routes.members.filter(({ slowStartWeight }) => slowStartWeight < 1)
      for (const member of routes.members) {
        const only = (value: number, others: number) => (id: number) => (id === member.candidate ? value : others)
        // Members in slow start draw in order: the draw of this one lets it in, those of the others do not.
        const luck = ramping.map((one) => (one === member ? 0 : 0.99))
        const best = pick(least, only(0, 1), only(1, 0), chanceOf(luck.length > 0 ? luck : [0]))?.candidate
        met(best === member.candidate ? "a member can be chosen" : "a member can not be chosen")
        expect(isAdmissible(routes, member.candidate)).toBe(best === member.candidate)
      }
    }),
    { floors: { "a member can be chosen": 210, "a member can not be chosen": 55 } }
  )

  law(
    "says why: only, cheapest, balanced, or unranked without members",
    fc.property(routes, (routes) => {
      expect(reasonOf(routes, "none")).toBe("unranked")
      const lowestMs = Math.min(...routes.members.map(({ dialMs }) => dialMs))
      for (const { candidate, dialMs } of routes.members) {
        const expected = routes.members.length === 1 ? "only" : dialMs === lowestMs ? "cheapest" : "balanced"
        met(`it is ${expected}`)
        expect(reasonOf(routes, candidate)).toBe(expected)
      }
    }),
    { floors: { "it is only": 26, "it is cheapest": 62, "it is balanced": 130 } }
  )
})
