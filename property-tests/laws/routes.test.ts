import fc from "fast-check"
import { describe, expect } from "vitest"
import * as Candidates from "../../src/core/candidates.ts"
import * as Vector from "../../src/core/data/Vector.ts"
import type { DialPlan } from "../../src/core/model/Routes.ts"
import { routesOf } from "../../src/core/routes.ts"
import { play, script } from "../arbitraries/run.ts"
import { law } from "../check.ts"

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
    "list the members of the set with what they cost now",
    fc.property(script(), (it) => {
      play(it, (_entry, _before, { state }) => {
        for (const { id, members: chosen } of Vector.toArray(state.upstreams)) {
          const { members, state: name } = routesOf(state).upstreams[id]!
          expect(members.map(({ candidate }) => candidate)).toEqual(chosen)
          expect(name).toBe(chosen.length > 0 ? "active" : "unranked")
          for (const { candidate, warmMs, dialMs } of members) {
            const { costMs, latency } = Candidates.find(state, candidate)!
            expect([warmMs, dialMs]).toEqual([costMs, costMs + latency.value])
          }
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
          const { listed, members: chosen } = Vector.get(state.upstreams, id)!
          const expectRunnable = ({ attempts, deadlineMs }: DialPlan) => {
            expect(deadlineMs).toBe(dial.deadlineMs)
            expect(new Set(attempts.map(({ candidate }) => candidate)).size).toBe(attempts.length)
            attempts.forEach(({ candidate, host, port, startAfterMs, timeoutMs }, i) => {
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
            const outside = listed
              .map((one) => Candidates.find(state, one)!)
              .filter((one) => one.costMs >= 0 && one.lastSampleOk && !chosen.includes(one.id))
              .sort((a, b) => a.costMs - b.costMs || a.id - b.id)
              .map((one) => one.id)
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
