import fc from "fast-check"
import { describe, expect } from "vitest"
import * as Vector from "../../src/core/data/Vector.ts"
import { isListed } from "../../src/core/candidates.ts"
import { dueAt, nextDeadline } from "../../src/core/deadline.ts"
import type { State } from "../../src/core/model/State.ts"
import type { Move } from "../arbitraries/moves.ts"
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

/** Half of the moves are ticks at any time. */
const restless = script(60).map((it) => ({
  ...it,
  moves: it.moves.flatMap((one): ReadonlyArray<Move> => [one, { ...one, kind: "tickNow", gapUs: one.tookUs % 20_000 }])
}))

describe("deadlines", () => {
  law(
    "have the earliest moment that any record waits for as the next one",
    fc.property(fc.oneof(script(), farScript()), (it) => {
      play(it, (_entry, _before, { state }) => {
        const all = moments(state)
        if (all.some((moment) => moment <= state.at)) met("something is due")
        if (all.length > 10) met("more than ten moments are waited for")
        expect(nextDeadline(state)).toBe(all.length === 0 ? undefined : Math.min(...all))
        expect(dueAt(state, state.at)).toHaveLength(all.filter((moment) => moment <= state.at).length)
      })
    }),
    { floors: { "something is due": 1_100, "more than ten moments are waited for": 300 } }
  )

  law(
    "lie in the future after each tick, so the core never asks to be woken in the past",
    fc.property(fc.oneof(script(), farScript()), (it) => {
      play(it, ({ event, at }, before, { state }) => {
        if (event._tag !== "Ticked") return
        if (dueAt(before, at).length > 1) met("a tick found several things due")
        expect(nextDeadline(state) ?? Infinity).toBeGreaterThan(at)
      })
    }),
    { floors: { "a tick found several things due": 320 } }
  )

  law(
    "change nothing when a tick comes early",
    fc.property(restless, (it) => {
      play(it, ({ event, at }, before, { state, decisions }) => {
        if (event._tag !== "Ticked" || (nextDeadline(before) ?? Infinity) <= at) return
        met("a tick came early")
        expect(decisions).toEqual([])
        expect({ ...state, seq: 0, at: 0 }).toEqual({ ...before, seq: 0, at: 0 })
      })
    }),
    { floors: { "a tick came early": 2_000 } }
  )
})
