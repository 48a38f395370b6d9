import fc from "fast-check"
import { describe, expect } from "vitest"
import * as Candidates from "../../src/core/candidates.ts"
import * as Vector from "../../src/core/data/Vector.ts"
import type { Candidate, CandidateId } from "../../src/core/model/Candidate.ts"
import type { State } from "../../src/core/model/State.ts"
import type { Upstream } from "../../src/core/model/Upstream.ts"
import { targetOf } from "../../src/core/candidate/warm.ts"
import { addresses, configWith } from "../../test/support/config.ts"
import { Simulation } from "../../src/sim/Simulation.ts"
import { play, script } from "../arbitraries/run.ts"
import { AUTO_MAX_AGE_MS } from "../../src/core/autoMaxAge.ts"
import { law, met } from "../check.ts"

const present = (state: State) => Vector.toArray(state.candidates).filter((one): one is Candidate => one !== null)
const isCommon = ({ trouble }: Upstream) => trouble !== null && trouble.commonAtUs >= 0
/** So much failed in common that warm sockets are not trusted either. */
const isPanic = (state: State, upstream: Upstream) =>
  isCommon(upstream) && upstream.trouble!.failures >= state.config.upstreams[upstream.id]!.breaker.failureThreshold
const count = ({ warm }: Candidate) => warm.ready.length + warm.dialling.length

/** When clients came for each candidate. */
type Takes = Map<CandidateId, Array<number>>

/** The most sockets that may be warm, by the clients that took one: their peak in one refill time, fading over a minute. */
function mostOf(candidate: Candidate, state: State, takesUs: ReadonlyArray<number>): number {
  const { pool } = state.config.upstreams[candidate.upstream]!
  if (pool.mode === "off" || candidate.breaker.state !== "closed" || candidate.sources.length === 0) return 0
  if (pool.mode === "fixed") return Math.ceil(pool.size * candidate.breaker.slowStartWeight)
  // No window holds more than all of them, whatever the latency was then.
  const wanted = Math.ceil(Math.max(1, takesUs.length) * pool.headroom)
  return Math.ceil(Math.max(pool.min, Math.min(pool.max, wanted)) * candidate.breaker.slowStartWeight)
}

describe("warm sockets", () => {
  law(
    "are dialled only to candidates that serve or are members, without suspicion, open breaker or common cause, and no more than "
      + "are wanted",
    fc.property(script(120), (it) => {
      const takes: Takes = new Map()
      play(it, ({ event, at }, _before, { state, decisions }) => {
        if (event._tag === "Started") takes.clear()
        if (event._tag === "ClientAccepted") {
          const id = event.chosen === "none" ? event.candidate : event.chosen
          if (typeof id === "number") takes.set(id, [...(takes.get(id) ?? []), at])
        }
        for (const act of decisions) {
          if (act._tag !== "DialWarm") continue
          met("a warm dial was asked for")
          const candidate = Candidates.find(state, act.candidate)!
          const { host, port, suspicion, sources, breaker } = candidate
          expect([act.host, act.port]).toEqual([host, port])
          expect([suspicion.pending, suspicion.session, breaker.state]).toEqual([false, false, "closed"])
          expect(sources.length).toBeGreaterThan(0)
          const routes = state.routes.upstreams[candidate.upstream]!
          const upstream = Vector.get(state.upstreams, candidate.upstream)!
          expect(isCommon(upstream) && !(isPanic(state, upstream) && candidate.latency.atUs < 0)).toBe(false)
          const { members, priors } = upstream
          expect([...members, ...priors, ...routes.members.map((one) => one.candidate)]).toContain(act.candidate)
          const { maxAgeMs } = it.config.upstreams[candidate.upstream]!.pool
          // Learned: as short as any was seen to live, and five minutes at most.
          const [least, most] = maxAgeMs === AUTO_MAX_AGE_MS ? [0, 300_000] : [maxAgeMs, maxAgeMs]
          expect(act.keepForMs).toBeLessThanOrEqual(most)
          expect(act.keepForMs).toBeGreaterThanOrEqual(0.8 * least)
          expect(count(candidate)).toBeLessThanOrEqual(mostOf(candidate, state, takes.get(act.candidate) ?? []))
        }
      })
    }),
    { floors: { "a warm dial was asked for": 470 } }
  )

  law(
    "are never more than the total over all candidates, warm and connecting, by any count",
    fc.property(script(120), (it) => {
      play(it, (_entry, _before, { state }) => {
        const sum = present(state).map(count).reduce((a, b) => a + b, 0)
        expect(sum).toBe(state.warmTotal)
        if (sum === it.config.poolTotal) met("the total was reached")
        if (state.wantsRoom.length > 0) met("an upstream waits for room")
        expect(sum).toBeLessThanOrEqual(it.config.poolTotal)
      })
    }),
    { floors: { "the total was reached": 620, "an upstream waits for room": 380 } }
  )

  law(
    "are as many as wanted as soon as there is room, without a change of costs, unless all candidates fail together",
    fc.property(script(120), (it) => {
      let known = false
      play(it, ({ event, at }, _before, { state }) => {
        // A lost worker's warm pools come back with the next change of costs.
        if (event._tag === "Started") known = true
        if (event._tag === "WorkerLost") known = false
        if (!known || state.warmTotal >= it.config.poolTotal) return
        expect(state.wantsRoom).toEqual([])
        for (const one of present(state)) {
          const upstream = Vector.get(state.upstreams, one.upstream)!
          const { warmPools } = upstream
          // None is added, and later those of candidates that have worked are closed.
          if (isCommon(upstream) && !(isPanic(state, upstream) && one.latency.atUs < 0)) continue
          // Warm sockets that may be in the way of a session are closed first.
          if (one.relief.phase !== "idle") continue
          if (!warmPools.includes(one.id) || Candidates.isSuspect(one) || one.warm.refillDueUs >= 0) continue
          met("a warm pool without a refill to come was checked")
          expect(count(one)).toBeGreaterThanOrEqual(targetOf(one, it.config.upstreams[one.upstream]!, at))
        }
      })
    }),
    { floors: { "a warm pool without a refill to come was checked": 1_200 } }
  )

  law(
    "are all closed when their candidate no longer has a warm pool, or when all candidates have failed together often enough",
    fc.property(script(120), (it) => {
      play(it, ({ event }, before) => {
        // What a warm pool closes it reports at once; before anything else happens all of it is gone.
        if (event._tag === "WarmLost") return
        for (const { warm, upstream, id, breaker, latency } of present(before)) {
          const of = Vector.get(before.upstreams, upstream)!
          const isFrozen = isPanic(before, of) && latency.atUs >= 0
          if (breaker.state !== "closed") met("a breaker was open")
          if (isFrozen) met("all candidates had failed together often enough")
          if (breaker.state === "closed" && !of.warmPools.includes(id)) met("a candidate had no warm pool")
          if (!of.warmPools.includes(id) || breaker.state !== "closed" || isFrozen) expect(warm.ready).toEqual([])
        }
      })
    }),
    {
      floors: {
        "a breaker was open": 2_700,
        "all candidates had failed together often enough": 580,
        "a candidate had no warm pool": 22_000
      }
    }
  )

  law(
    "are dialled no faster than connectsPerSecond and a burst of their size, however they die",
    fc.property(
      fc.integer({ min: 1, max: 30 }),
      fc.integer({ min: 1, max: 12 }),
      fc.array(fc.tuple(fc.nat(400), fc.nat(12)), { maxLength: 60, size: "max" }),
      (connectsPerSecond, size, deaths) => {
        const { host } = addresses(1)[0]!
        const pool = { mode: "fixed" as const, size, connectsPerSecond }
        const toy = new Simulation(configWith([{ candidates: addresses(1), pool }])).set(host, 5).start().run(100)
        for (const [gapMs, dead] of deaths) toy.lose(host, "closed", dead).run(gapMs)
        const times = toy.warmDials.map(({ atUs }) => atUs)
        times.forEach((from, i) => {
          const within = times.slice(i).filter((atUs) => atUs < from + 1_000_000).length
          if (within > 1 + (size + connectsPerSecond) / 2) met("many were dialled within a second")
          expect(within).toBeLessThanOrEqual(size + connectsPerSecond)
        })
        expect(toy.run(1_000 + (1_000 * size) / connectsPerSecond).warm(host)).toBe(size)
      }
    ),
    { share: 0.3, floors: { "many were dialled within a second": 740 } }
  )

  law(
    "grow with a burst, so that the next one of its size finds them all, and fade to the least when no client comes",
    fc.property(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 5, max: 60 }), (clients, latencyMs) => {
      const { host } = addresses(1)[0]!
      const toy = new Simulation(configWith([{ candidates: addresses(1) }])).set(host, latencyMs).start().run(1_000)
      const burst = () => {
        const from = toy.entries.length
        for (let i = 0; i < clients; i++) toy.client(10)
        toy.run(200)
        return toy.entries.slice(from).filter(({ event }) => event._tag === "ClientAccepted" && event.warm > 0).length
      }
      burst()
      toy.run(3_000)
      expect(burst()).toBe(clients)
      expect(count(Vector.get(toy.run(200_000).state.candidates, 0)!)).toBe(1)
    }),
    { share: 0.3 }
  )
})
