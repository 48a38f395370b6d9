import fc from "fast-check"
import { describe, expect } from "vitest"
import * as Vector from "../../src/core/data/Vector.ts"
import { isListed } from "../../src/core/candidates.ts"
import { dueAt, nextDeadline } from "../../src/core/deadline.ts"
import type { State } from "../../src/core/model/State.ts"
import { farScript, play, script } from "../arbitraries/run.ts"
import { law, met } from "../check.ts"

/** Every moment that any record of the state waits for. */
function moments(state: State): ReadonlyArray<number> {
  return [
    state.probing.gateDueUs,
    state.outage.pulseDueUs,
    state.autoDisable.untilUs,
    state.pruneDueUs,
    ...Vector.toArray(state.upstreams)
      .flatMap((one) => [
        ...[one.evaluateDueUs, one.roundDueUs, one.resolveDueUs, one.staleDueUs, one.priorsDueUs],
        ...[one.pausedUntilUs, one.renewDueUs, one.trouble?.trialDueUs ?? -1, one.trouble?.clientTrialDueUs ?? -1]
      ]),
    ...Vector.toArray(state.candidates).flatMap((one) => {
      if (one === null) return []
      const { breaker, suspicion, warm } = one
      return [
        ...[one.windowDueUs, one.fadeDueUs, one.expireDueUs, one.forgetDueUs],
        // A candidate that left, or is only a fallback now, keeps its breaker's deadlines for its return.
        ...(isListed(one) ? [breaker.trialDueUs, breaker.rampDueUs] : []),
        ...[
          suspicion.pendingDueUs,
          suspicion.silentDueUs,
          suspicion.lapseDueUs,
          warm.refillDueUs,
          warm.idleDueUs,
          one.relief.dueUs
        ]
      ]
    })
  ].filter((moment) => moment >= 0)
}

describe("deadlines", () => {
  law(
    "have the earliest moment that any record waits for as the next one",
    fc.property(fc.oneof(script(), farScript()), (it) => {
      play(it, (_entry, _before, { state }) => {
        const all = moments(state)
        expect(nextDeadline(state)).toBe(all.length === 0 ? undefined : Math.min(...all))
        expect(dueAt(state, state.at)).toHaveLength(all.filter((moment) => moment <= state.at).length)
      })
    })
  )

  law(
    "lie in the future after each tick, so the core never asks to be woken in the past",
    fc.property(fc.oneof(script(), farScript()), (it) => {
      play(it, ({ event, at }, _before, { state }) => {
        if (event._tag === "Ticked") expect(nextDeadline(state) ?? Infinity).toBeGreaterThan(at)
      })
    })
  )

  law(
    "change nothing when a tick comes early",
    fc.property(script(), (it) => {
      play(it, ({ event, at }, before, { state, decisions }) => {
        if (event._tag !== "Ticked" || (nextDeadline(before) ?? Infinity) <= at) return
        met("a tick came early")
        expect(decisions).toEqual([])
        expect({ ...state, seq: 0, at: 0 }).toEqual({ ...before, seq: 0, at: 0 })
      })
    }),
    { floors: { "a tick came early": 17 } }
  )
})
