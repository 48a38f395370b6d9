import fc from "fast-check"
import { describe, expect } from "vitest"
import * as Candidates from "../../src/core/candidates.ts"
import * as Vector from "../../src/core/data/Vector.ts"
import type { Candidate } from "../../src/core/model/Candidate.ts"
import type { DialPlan } from "../../src/core/model/Routes.ts"
import type { State } from "../../src/core/model/State.ts"
import type { Upstream } from "../../src/core/model/Upstream.ts"
import { routesOf } from "../../src/core/routes.ts"
import { play, script } from "../arbitraries/run.ts"
import { law } from "../check.ts"

const cheapestFirst = (a: Candidate, b: Candidate) => a.costMs - b.costMs || a.id - b.id
const suspect = ({ suspicion }: Candidate) => suspicion.pending || suspicion.session

/** Measured, unsuspected, not shut out, and not in the set: those that clients may go to beside it. */
function outsideOf(state: State, { listed, members }: Upstream): ReadonlyArray<Candidate> {
  return listed
    .map((id) => Candidates.find(state, id)!)
    .filter((one) => one.costMs >= 0 && one.breaker.state === "closed" && !suspect(one) && !members.includes(one.id))
    .sort(cheapestFirst)
}

/** Contract 3.3: unsuspected members, else the best outside the set, else suspects. */
function servingOf(state: State, upstream: Upstream): ReadonlyArray<Candidate> {
  const members = upstream.members.map((id) => Candidates.find(state, id)!)
  const trusted = members.filter((one) => !suspect(one))
  if (trusted.length > 0) return trusted
  const outside = outsideOf(state, upstream).slice(0, state.config.upstreams[upstream.id]!.selector.activeSetSize)
  return outside.length > 0 ? outside : members
}

describe("routes", () => {
  law(
    "are the same object as long as they say the same, and otherwise the next version",
    fc.property(script(), (it) => {
      play(it, (_entry, before, { state }) => {
        const [was, is] = [routesOf(before), routesOf(state)]
        if (JSON.stringify(was.upstreams) === JSON.stringify(is.upstreams)) expect(is).toBe(was)
        else expect(is.version).toBe(was.version + 1)
        is.upstreams.forEach((routes, i) => {
          if (JSON.stringify(routes) === JSON.stringify(was.upstreams[i])) expect(routes).toBe(was.upstreams[i])
        })
      })
    })
  )

  law(
    "list who serves, with what they cost now and their share",
    fc.property(script(), (it) => {
      play(it, (_entry, _before, { state }) => {
        for (const upstream of Vector.toArray(state.upstreams)) {
          const { members, state: name, silentAfterMs } = routesOf(state).upstreams[upstream.id]!
          expect(members.map(({ candidate }) => candidate)).toEqual(servingOf(state, upstream).map(({ id }) => id))
          expect(name).toBe(members.length > 0 ? "active" : "unranked")
          for (const { candidate, warmMs, dialMs, share } of members) {
            const { costMs, latency, breaker } = Candidates.find(state, candidate)!
            expect([warmMs, dialMs, share]).toEqual([costMs, costMs + latency.value, breaker.share])
          }
          const { firstByte } = upstream
          const usualMs = Math.max(100, firstByte.atUs < 0 ? 0 : 3 * firstByte.value)
          expect(Math.abs(silentAfterMs - usualMs)).toBeLessThanOrEqual(silentAfterMs / 5)
        }
      })
    })
  )

  law(
    "hold plans that can be run blindly",
    fc.property(script(), (it) => {
      play(it, (_entry, before, { state }) => {
        if (state.routes === before.routes) return
        for (const { id, members, lastResort } of routesOf(state).upstreams) {
          const { dial, attempts: most } = it.config.upstreams[id]!
          const upstream = Vector.get(state.upstreams, id)!
          const { listed } = upstream
          const chosen = servingOf(state, upstream).map((one) => one.id)
          const expectRunnable = ({ attempts, deadlineMs }: DialPlan) => {
            expect(deadlineMs).toBe(dial.deadlineMs)
            expect(new Set(attempts.map(({ candidate }) => candidate)).size).toBe(attempts.length)
            attempts.forEach(({ candidate, host, port, startAfterMs, timeoutMs, suspectAfterMs }, i) => {
              const { latency, gathered } = Candidates.find(state, candidate)!
              const slowest = Math.max(0, ...gathered.filter((tookMs) => tookMs < 1_000))
              const known = latency.atUs < 0 ? slowest : Math.max(slowest, latency.value)
              expect(suspectAfterMs).toBe(Math.ceil(Math.max(100, 3 * known)))
              expect(Candidates.find(state, candidate)).toMatchObject({ host, port, upstream: id })
              expect(timeoutMs).toBe(dial.timeoutMs)
              expect(startAfterMs).toBeGreaterThanOrEqual(attempts[i - 1]?.startAfterMs ?? 0)
            })
          }
          expectRunnable(lastResort)
          expect(lastResort.attempts.map(({ candidate }) => candidate)).toEqual(listed.slice(0, dial.lastResortAttempts))
          expect(lastResort.attempts.map(({ startAfterMs }) => startAfterMs))
            .toEqual(lastResort.attempts.map((_, i) => i * dial.raceDelayMs))
          for (const { candidate, plan } of members) {
            expectRunnable(plan)
            const others = chosen.filter((one) => one !== candidate)
            const outside = outsideOf(state, upstream).map((one) => one.id).filter((one) => !chosen.includes(one))
            const first = [candidate, ...others, ...outside].slice(0, most)
            const resort = listed.filter((one) => !first.includes(one)).slice(0, dial.lastResortAttempts)
            expect(plan.attempts.map((one) => one.candidate)).toEqual([...first, ...resort])
            const resortMs = (first.length - 1) * dial.raceDelayMs + dial.timeoutMs
            expect(plan.attempts.map(({ startAfterMs }) => startAfterMs)).toEqual([
              ...first.map((_, i) => i * dial.raceDelayMs),
              ...resort.map((_, i) => resortMs + i * dial.raceDelayMs)
            ])
          }
        }
      })
    })
  )
})
