/** Situations: an upstream with any costs, breakers, suspicions, proofs, members and challengers, as a long run might bring them about. */
import fc from "fast-check"
import { closedBreaker } from "../../src/core/candidate/breaker.ts"
import { noSuspicion } from "../../src/core/candidate/suspicion.ts"
import * as Candidates from "../../src/core/candidates.ts"
import type { Candidate, Proof } from "../../src/core/model/Candidate.ts"
import type { State } from "../../src/core/model/State.ts"
import type { Challenge } from "../../src/core/model/Upstream.ts"
import * as Upstreams from "../../src/core/upstreams.ts"
import { Simulation } from "../../src/sim/Simulation.ts"
import { addresses, configWith } from "../../test/support/config.ts"

const MOST = 7
/** Twenty minutes: longer than any hold. */
const AT_US = 1_200_000_000

const costMs = fc.oneof(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 400 }))

const candidate = fc.record({
  costMs: fc.oneof({ weight: 5, arbitrary: costMs }, { weight: 1, arbitrary: fc.constant(-1) }),
  forecastMs: fc.option(costMs),
  breaker: fc.oneof(
    { weight: 6, arbitrary: fc.constant("closed" as const) },
    fc.constantFrom("open" as const, "half-open" as const)
  ),
  suspect: fc.oneof({ weight: 6, arbitrary: fc.constant(null) }, fc.constantFrom("pending" as const, "session" as const)),
  proof: fc.oneof(
    { weight: 8, arbitrary: fc.constant("unchecked" as const) },
    fc.constantFrom<Proof["state"]>("unknown", "failed")
  ),
  isMember: fc.boolean(),
  sinceMs: fc.integer({ min: 0, max: 120_000 }),
  displaced: fc.oneof({ weight: 6, arbitrary: fc.constant(false) }, fc.constant(true)),
  counted: fc.option(fc.record({ count: fc.nat(3), standing: fc.nat(3), newer: fc.boolean() }))
})

export const situation: fc.Arbitrary<State> = fc.record({
  candidates: fc.array(candidate, { minLength: 2, maxLength: MOST, size: "max" }),
  activeSetSize: fc.integer({ min: 1, max: 3 }),
  minScore: fc.constantFrom(0, 5, 40),
  switching: fc.record({
    marginMs: fc.constantFrom(0, 5, 20),
    marginPercent: fc.constantFrom(0, 25),
    holdMs: fc.constantFrom(0, 30_000),
    confirmations: fc.integer({ min: 1, max: 3 }),
    standing: fc.integer({ min: 1, max: 6 }),
    swapsPerEvaluation: fc.integer({ min: 1, max: 2 })
  }),
  evaluateInMs: fc.option(fc.nat(1_000))
}).map(({ candidates: wanted, activeSetSize, minScore, switching, evaluateInMs }) => {
  const config = configWith([{ candidates: addresses(wanted.length), selector: { activeSetSize, minScore, switching } }])
  const toy = new Simulation(config)
  addresses(MOST).forEach(({ host }, i) => toy.set(host, 10 + 5 * i))
  let state: State = { ...toy.start().run(3_000).state, at: AT_US }
  const upstream = Upstreams.find(state, 0)!
  const members: Array<number> = []
  const memberSinceUs: Array<number> = []
  const displaced: Array<number> = []
  const challenges: Array<Challenge> = []
  upstream.listed.forEach((id, i) => {
    const before = Candidates.find(state, id)!
    const one = wanted[i]!
    const after = changed(before, one)
    state = Candidates.replace(state, before, after)
    const mayStay = one.costMs >= 0 && one.breaker === "closed" && one.proof === "unchecked"
    const isMember = one.isMember && mayStay && members.length < activeSetSize
    if (isMember) {
      members.push(id)
      memberSinceUs.push(AT_US - one.sinceMs * 1000)
    } else {
      if (one.displaced) displaced.push(id)
      if (one.counted !== null) {
        const { count, standing, newer } = one.counted
        challenges.push({ candidate: id, count, standing, windowAtUs: after.windowClosedAtUs - (newer ? 1 : 0) })
      }
    }
  })
  const evaluateDueUs = evaluateInMs === null ? -1 : AT_US + evaluateInMs * 1000
  const changes = { members, memberSinceUs, displaced, challenges, evaluateDueUs, filledAtUs: 1 }
  return Upstreams.replace(state, upstream, { ...upstream, ...changes })
})

function changed(before: Candidate, one: typeof candidate extends fc.Arbitrary<infer A> ? A : never): Candidate {
  const { suspect } = one
  return {
    ...before,
    costMs: one.costMs,
    forecastMs: one.costMs < 0 ? -1 : one.forecastMs ?? one.costMs,
    latency: { value: one.costMs < 0 ? 0 : one.costMs, atUs: one.costMs < 0 ? -1 : AT_US - 1_000 },
    breaker: one.breaker === "closed"
      ? closedBreaker
      : { ...closedBreaker, state: one.breaker, trialDueUs: one.breaker === "open" ? AT_US + 5_000_000 : -1 },
    suspicion: suspect === null ? noSuspicion : { ...noSuspicion, [suspect]: true, sinceUs: AT_US - 1_000 },
    identity: { state: one.proof, atUs: AT_US - 1_000, dueUs: -1 }
  }
}
