import fc from "fast-check"
import { describe, expect } from "vitest"
import * as Candidates from "../../src/core/candidates.ts"
import * as Vector from "../../src/core/data/Vector.ts"
import type { Candidate, CandidateId } from "../../src/core/model/Candidate.ts"
import type { SelectionMoved } from "../../src/core/model/Decision.ts"
import type { State } from "../../src/core/model/State.ts"
import type { Upstream } from "../../src/core/model/Upstream.ts"
import { play, script } from "../arbitraries/run.ts"
import { law } from "../check.ts"

const candidatesOf = (state: State, upstream: number) =>
  Vector.toArray(state.candidates).filter((one): one is Candidate => one !== null && one.upstream === upstream)

/** Contract 3.2 as the spine has it: measured, not expired, latest sample good, score high enough. */
function mayServe(state: State, candidate: Candidate): boolean {
  const { scoring, selector } = state.config.upstreams[candidate.upstream]!
  const score = (100 * scoring.referenceMs) / (scoring.referenceMs + candidate.costMs)
  return candidate.costMs >= 0 && candidate.lastSampleOk && score >= selector.minScore
}

/** The set from scratch, over everybody. */
function bestOf(state: State, { id }: Upstream, incumbents: ReadonlyArray<CandidateId>): ReadonlyArray<CandidateId> {
  const isNew = (one: Candidate) => (incumbents.includes(one.id) ? 0 : 1)
  return candidatesOf(state, id)
    .filter((one) => mayServe(state, one))
    .sort((a, b) => a.costMs - b.costMs || isNew(a) - isNew(b) || a.id - b.id)
    .slice(0, state.config.upstreams[id]!.selector.activeSetSize)
    .map((one) => one.id)
}

/** Runs a script and calls back for each upstream after each entry. */
function watch(
  it: Parameters<typeof play>[0],
  each: (
    before: Upstream | undefined,
    after: Upstream,
    state: State,
    was: State,
    facts: ReadonlyArray<SelectionMoved>
  ) => void
): void {
  play(it, (_entry, was, { state, decisions }) => {
    for (const after of Vector.toArray(state.upstreams)) {
      const facts = decisions.filter((one) => one._tag === "SelectionMoved" && one.upstream === after.id)
      each(Vector.get(was.upstreams, after.id), after, state, was, facts as ReadonlyArray<SelectionMoved>)
    }
  })
}

describe("the selector", () => {
  law(
    "keeps nobody who may not serve, and leaves no place free that somebody could take",
    fc.property(script(), (it) => {
      watch(it, (_before, { id, members }, state) => {
        const admissible = candidatesOf(state, id).filter((one) => mayServe(state, one)).map((one) => one.id)
        expect(members.filter((one) => !admissible.includes(one))).toEqual([])
        expect(members).toHaveLength(Math.min(admissible.length, it.config.upstreams[id]!.selector.activeSetSize))
      })
    })
  )

  law(
    "equals a recomputation over all candidates whenever it evaluated, and is due whenever it does not",
    fc.property(script(), (it) => {
      watch(it, (before, after, state) => {
        const best = bestOf(state, after, before?.members ?? [])
        if (before !== undefined && after.evaluatedAtUs !== before.evaluatedAtUs) expect(after.members).toEqual(best)
        // Equal costs may stand in either order until the next evaluation.
        if (after.members.toSorted().join() === best.toSorted().join()) return
        const { evaluationIntervalMs } = it.config.upstreams[after.id]!.selector
        expect(after.evaluateDueUs).toBe(after.evaluatedAtUs + evaluationIntervalMs * 1000)
      })
    })
  )

  law(
    "evaluates at most once per interval, unless a member must leave or a place is free",
    fc.property(script(), (it) => {
      watch(it, (before, after, state) => {
        if (before === undefined || before.evaluatedAtUs < 0 || before.evaluatedAtUs === after.evaluatedAtUs) return
        const { activeSetSize, evaluationIntervalMs } = it.config.upstreams[after.id]!.selector
        const urgent = before.members.length < activeSetSize
          || before.members.some((id) => !mayServe(state, Candidates.find(state, id)!))
        if (!urgent) expect(after.evaluatedAtUs - before.evaluatedAtUs).toBeGreaterThanOrEqual(evaluationIntervalMs * 1000)
      })
    })
  )

  law(
    "tells every change of the set, and of nothing else, with the reason of each move",
    fc.property(script(), (it) => {
      watch(it, (before, after, state, _was, facts) => {
        const had = before?.members ?? []
        const out = had.filter((id) => !after.members.includes(id))
        const into = after.members.filter((id) => !had.includes(id))
        expect(facts).toHaveLength(out.length + into.length > 0 ? 1 : 0)
        if (facts[0] === undefined) return
        const { members, moves } = facts[0]
        expect(members).toEqual(after.members)
        expect(moves.map(({ candidate }) => candidate)).toEqual([...out, ...into])
        for (const move of moves) {
          const candidate = Candidates.find(state, move.candidate)!
          expect(move.costMs).toBe(candidate.costMs)
          expect(move.into).toBe(into.includes(move.candidate))
          const reason = candidate.costMs < 0 ? "expired" : !candidate.lastSampleOk ? "failing" : "score"
          if (move.into) expect(["filled", "cheaper"]).toContain(move.reason)
          else expect(move.reason).toBe(mayServe(state, candidate) ? "costlier" : reason)
          const displaced = moves.filter((other) => other.reason === "costlier")
          if (move.reason === "cheaper") expect(displaced.some((other) => other.costMs >= move.costMs)).toBe(true)
        }
      })
    })
  )

  law(
    "lets the incumbent stay when costs are equal",
    fc.property(script(), (it) => {
      watch(it, (before, { members }, state) => {
        for (const gone of before?.members.filter((id) => !members.includes(id)) ?? []) {
          const left = Candidates.find(state, gone)!
          if (!mayServe(state, left)) continue
          for (const id of members) {
            if (!before!.members.includes(id)) expect(Candidates.find(state, id)!.costMs).toBeLessThan(left.costMs)
          }
        }
      })
    })
  )
})
