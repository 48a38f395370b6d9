/** An explanation holds: when the named changes are made, the selector does what was said. */
import fc from "fast-check"
import { describe, expect } from "vitest"
import { explainedAll, isTaken, stays } from "../arbitraries/changedWorld.ts"
import { play, script } from "../arbitraries/run.ts"
import { situation } from "../arbitraries/situations.ts"
import { law, met } from "../check.ts"

/** Each so many entries all candidates are explained. */
const EVERY = 15
/** Situations cost little. */
const RUNS = 3

describe("an explanation", () => {
  law(
    "names changes after which the candidate is in the set, where it says that they are enough",
    fc.property(situation, (state) => {
      explainedAll(state, (one, upstream) => {
        expect(one.active).toBe(upstream.members.includes(one.candidate.id))
        if (one.active) return
        for (const { kind } of one.enough ? one.needs : []) met(kind)
        if (!one.enough) return met("it cannot say")
        expect(isTaken(state, one, upstream)).toBe(true)
      })
    }),
    {
      floors: {
        cost: 150,
        trial: 50,
        hold: 20,
        answer: 8,
        evaluation: 3,
        sample: 20,
        rise: 10,
        proof: 3,
        "it cannot say": 10
      },
      share: RUNS
    }
  )

  law(
    "names such changes at any time in the life of an upstream",
    fc.property(script(90), (it) => {
      let entries = 0
      play(it, (_entry, _before, { state }) => {
        if (entries++ % EVERY !== 0) return
        explainedAll(state, (one, upstream) => {
          if (one.active || !one.enough) return
          met("it says what is enough")
          expect(isTaken(state, one, upstream)).toBe(true)
        })
      })
    }),
    { share: 0.3, floors: { "it says what is enough": 100 } }
  )

  law(
    "names no larger change of a cost than needed: slightly less, and the candidate stays out, as long as no other is about to enter",
    fc.property(situation, (state) => {
      let moves = false
      explainedAll(state, ({ rule }) => moves ||= rule === "next" || rule === "hold" || rule === "turn")
      if (moves) return
      met("no other candidate is about to enter")
      explainedAll(state, (one, upstream) => {
        const bound = one.needs.findLast(({ kind }) => kind === "cost" || kind === "rise")
        const costs = one.needs.filter(({ kind }) => kind === "cost" || kind === "rise")
        if (!one.enough || bound === undefined || costs.length > 1 || (bound.kind === "cost" && bound.byMs === null)) return
        met(bound.kind)
        expect(isTaken(state, one, upstream, bound)).toBe(false)
      })
    }),
    { floors: { "no other candidate is about to enter": 150, cost: 100, rise: 10 }, share: RUNS }
  )

  law(
    "names the cost at which a member leaves",
    fc.property(situation, (state) => {
      explainedAll(state, (one, upstream) => {
        if (one.leaves === null) return
        met("a member may leave")
        expect(stays(state, one, upstream)).toBe(false)
      })
    }),
    { floors: { "a member may leave": 100 }, share: RUNS }
  )
})
