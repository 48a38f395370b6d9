import fc from "fast-check"
import { describe, expect } from "vitest"
import * as Candidates from "../../src/core/candidates.ts"
import * as Vector from "../../src/core/data/Vector.ts"
import type { SelectionMoved } from "../../src/core/model/Decision.ts"
import type { State } from "../../src/core/model/State.ts"
import type { Upstream } from "../../src/core/model/Upstream.ts"
import { measuredScript, play, script } from "../arbitraries/run.ts"
import { candidatesOf, isBelowMinScore, isSuspect, mayEnter, mayStay, SelectorModel } from "../arbitraries/selectorModel.ts"
import { law, met } from "../check.ts"

interface Seen {
  readonly before: Upstream | undefined
  readonly after: Upstream
  readonly state: State
  readonly facts: ReadonlyArray<SelectionMoved>
}

/** Runs a script and calls back for each upstream after each entry. */
function watch(it: Parameters<typeof play>[0], each: (seen: Seen) => void): void {
  play(it, (_entry, was, { state, decisions }) => {
    for (const after of Vector.toArray(state.upstreams)) {
      const facts = decisions.filter((one): one is SelectionMoved =>
        one._tag === "SelectionMoved" && one.upstream === after.id
      )
      each({ before: Vector.get(was.upstreams, after.id), after, state, facts })
    }
  })
}

/** Every evaluation makes its list of members anew. */
const evaluated = ({ before, after }: Seen) => before?.members !== after.members

describe("the selector", () => {
  law(
    "keeps nobody who is shut out, expired or gone, and leaves no place free that somebody could take",
    fc.property(script(), (it) => {
      watch(it, ({ after: { id, members }, state }) => {
        const config = it.config.upstreams[id]!
        const all = candidatesOf(state, id)
        expect(members.filter((one) => !mayStay(Candidates.find(state, one)!))).toEqual([])
        if (members.length < config.selector.activeSetSize) {
          expect(all.filter((one) => mayEnter(one, config) && !members.includes(one.id)).map((one) => one.id)).toEqual([])
        }
      })
    })
  )

  law(
    "moves as the contract says, from plain lists over everybody",
    fc.property(script(120), (it) => {
      const models = it.config.upstreams.map((config, id) => new SelectorModel(config, id))
      watch(it, (seen) => {
        const model = models[seen.after.id]!
        if (evaluated(seen)) model.evaluate(seen.state)
        expect(seen.after.members).toEqual(model.members)
      })
    }),
    { share: 1.5 }
  )

  law(
    "of a full set moves nobody without a lower cost, a margin, and hold or its waivers, at most swapsPerEvaluation",
    fc.property(script(120), (it) => {
      watch(it, ({ before, after, state, facts }) => {
        const config = it.config.upstreams[after.id]!
        const { marginMs, marginPercent, holdMs, swapsPerEvaluation } = config.selector.switching
        const moves = facts.flatMap(({ moves }) => moves)
        const out = moves.filter(({ reason }) => reason === "costlier")
        const into = moves.filter(({ reason }) => reason === "cheaper")
        expect(out.length).toBe(into.length)
        expect(out.length).toBeLessThanOrEqual(swapsPerEvaluation)
        out.forEach(({ candidate }, i) => {
          const [member, challenger] = [candidate, into[i]!.candidate].map((id) => Candidates.find(state, id)!)
          const place = before!.members.indexOf(candidate)
          const heldUs = place < 0 ? 0 : state.at - before!.memberSinceUs[place]!
          expect(heldUs >= holdMs * 1000 || isSuspect(member!) || isBelowMinScore(member!, config)).toBe(true)
          expect(challenger!.costMs).toBeLessThan(member!.costMs)
          const ahead = (a: number, b: number) => a - b > Math.max(marginMs, (marginPercent / 100) * b)
          expect(
            ahead(member!.costMs, challenger!.costMs) || ahead(member!.outlookMs, challenger!.outlookMs)
          ).toBe(true)
        })
      })
    }),
    { share: 1.5 }
  )

  law(
    "evaluates at most once per interval, unless a member must leave or a place is free",
    fc.property(script(), (it) => {
      const lastUs = new Map<number, number>()
      watch(it, (seen) => {
        const { before, after, state } = seen
        if (!evaluated(seen)) return
        const beforeUs = lastUs.get(after.id)
        lastUs.set(after.id, state.at)
        if (before === undefined || beforeUs === undefined) return
        met("an upstream was evaluated again")
        const { activeSetSize, evaluationIntervalMs } = it.config.upstreams[after.id]!.selector
        const urgent = before.members.length < activeSetSize
          || before.members.some((id) => {
            const member = Candidates.find(state, id)
            return member === undefined || !mayStay(member)
          })
        if (!urgent) expect(state.at - beforeUs).toBeGreaterThanOrEqual(evaluationIntervalMs * 1000)
      })
    }),
    { floors: { "an upstream was evaluated again": 990 } }
  )

  law(
    "tells every change of the set, and of nothing else, with the reason of each move",
    fc.property(script(), (it) => {
      watch(it, ({ before, after, state, facts }) => {
        const had = before?.members ?? []
        const out = had.filter((id) => !after.members.includes(id))
        const into = after.members.filter((id) => !had.includes(id))
        expect(facts).toHaveLength(out.length + into.length > 0 ? 1 : 0)
        if (facts[0] === undefined) return
        met("the set changed")
        const { members, moves } = facts[0]
        expect(members).toEqual(after.members)
        expect(moves.map(({ candidate }) => candidate).toSorted()).toEqual([...out, ...into].toSorted())
        for (const move of moves) {
          const candidate = Candidates.find(state, move.candidate)!
          expect(move.costMs).toBe(candidate.costMs)
          expect(move.into).toBe(into.includes(move.candidate))
          const { sources, costMs } = candidate
          const gone = sources.length === 0 ? "left" : costMs < 0 ? "expired" : "shut"
          if (move.into) expect(["filled", "cheaper"]).toContain(move.reason)
          else expect(move.reason).toBe(mayStay(candidate) ? "costlier" : gone)
        }
      })
    }),
    { floors: { "the set changed": 280 } }
  )

  law(
    "lets the incumbent stay when costs are equal",
    fc.property(measuredScript(), (it) => {
      watch(it, ({ before, after: { members }, state }) => {
        for (const gone of before?.members.filter((id) => !members.includes(id)) ?? []) {
          const left = Candidates.find(state, gone)
          if (left === undefined || !mayStay(left)) continue
          met("a member that could stay had to leave")
          const entered = members.filter((id) => !before!.members.includes(id))
          expect(entered.some((id) => Candidates.find(state, id)!.costMs < left.costMs)).toBe(true)
        }
      })
    }),
    { floors: { "a member that could stay had to leave": 60 } }
  )
})
