import fc from "fast-check"
import { describe, expect } from "vitest"
import * as Candidates from "../../src/core/candidates.ts"
import * as Vector from "../../src/core/data/Vector.ts"
import type { Decision, Move, MoveReason, SelectionMoved } from "../../src/core/model/Decision.ts"
import type { State } from "../../src/core/model/State.ts"
import type { Upstream } from "../../src/core/model/Upstream.ts"
import { addresses, configWith } from "../../test/support/config.ts"
import { Simulation } from "../../src/sim/Simulation.ts"
import { measuredScript, play, script, wanderingScript } from "../arbitraries/run.ts"
import {
  candidatesOf,
  isBelowMinScore,
  isFailing,
  isStanding,
  isSuspect,
  mayEnter,
  mayStay,
  SelectorModel
} from "../arbitraries/selectorModel.ts"
import { law, met } from "../check.ts"

interface Seen {
  readonly before: Upstream | undefined
  readonly after: Upstream
  readonly was: State
  readonly state: State
  readonly facts: ReadonlyArray<SelectionMoved>
  readonly decisions: ReadonlyArray<Decision>
}

/** Runs a script and calls back for each upstream after each entry. */
function watch(it: Parameters<typeof play>[0], each: (seen: Seen) => void): void {
  play(it, (_entry, was, { state, decisions }) => {
    for (const after of Vector.toArray(state.upstreams)) {
      const facts = decisions.filter((one): one is SelectionMoved =>
        one._tag === "SelectionMoved" && one.upstream === after.id
      )
      each({ before: Vector.get(was.upstreams, after.id), after, was, state, facts, decisions })
    }
  })
}

/** Whether an outage that began rolled back a trouble of the upstream; an older common cause has a reason of its own. */
function explained({ before, decisions, was, state }: Seen): boolean {
  const trouble = before?.trouble ?? null
  if (trouble === null || !decisions.some(({ _tag }) => _tag === "OutageBegan")) return false
  const { silenceSinceUs } = state.outage
  return trouble.commonAtUs < 0 || (was.outage.silenceSinceUs >= 0 && trouble.commonAtUs >= silenceSinceUs)
}

const becameCommon = ({ after, decisions }: Seen) =>
  decisions.some((one) => one._tag === "CommonCauseBegan" && one.upstream === after.id)
/** Whether the set is again the one from before a trouble. */
const rolledBack = (seen: Seen) => becameCommon(seen) || explained(seen)

const hasToGo = (state: State, id: number) => {
  const member = Candidates.find(state, id)
  return member === undefined || !mayStay(member)
}

/** Each evaluation makes its list of members anew, and so does a rollback: after that a set is evaluated only if it does not stand. */
function evaluated(seen: Seen, model?: SelectorModel): boolean {
  const { before, after, state } = seen
  if (!rolledBack(seen)) return before?.members !== after.members
  const members = model?.members ?? after.members
  const mustGo = members.some((id) => hasToGo(state, id))
  const stands = isStanding(state, { ...after, members }) && !mustGo
  return !stands && (mustGo || members.length !== state.config.upstreams[after.id]!.selector.activeSetSize)
}

/** Tells the model what the step did before its evaluation. */
function prepare(model: SelectorModel, seen: Seen): void {
  const { before, after, was, state, decisions } = seen
  const opened = (id: number) => decisions.some((one) => one._tag === "BreakerOpened" && one.candidate === id)
  // A candidate that served a client on the last resort joins the list only afterwards.
  const joined = decisions.flatMap((one) => (one._tag === "MembershipChanged" ? one.joined : []))
  const may = (id: number) => {
    if (joined.includes(id)) return false
    // A breaker that opened later in the step was still closed.
    const [then, now] = [was, state].map((state) => Candidates.find(state, id))
    return now !== undefined && (mayStay(now) || (opened(id) && then !== undefined && mayStay(then)))
  }
  if (explained(seen)) model.rollBack(may)
  if (after.trouble !== null && after.trouble.seq !== before?.trouble?.seq) model.keep()
  if (becameCommon(seen)) model.rollBack(may)
}

/** Filling a free place is told from taking a place: before it, no member left that might have stayed. */
function reasonOf({ state }: Seen, { moves }: SelectionMoved, move: Move): MoveReason {
  const candidate = Candidates.find(state, move.candidate)
  if (!move.into) {
    if (candidate === undefined || candidate.sources.length === 0) return "left"
    if (candidate.costMs < 0) return "expired"
    if (candidate.breaker.state !== "closed") return "shut"
    return isFailing(candidate) ? "failing" : "costlier"
  }
  const last = moves[moves.indexOf(move) - 1]
  return last !== undefined && !last.into && !hasToGo(state, last.candidate) ? "cheaper" : "filled"
}

const ADDRESSES = addresses(6)
/** Latencies of all addresses, time and again; members may be replaced at once, by several challengers at a time. */
const restless = fc.record({
  phasesMs: fc.array(
    fc.array(fc.integer({ min: 5, max: 900 }), { minLength: ADDRESSES.length, maxLength: ADDRESSES.length }),
    { minLength: 2, maxLength: 5, size: "max" }
  ),
  activeSetSize: fc.integer({ min: 1, max: 3 }),
  swapsPerEvaluation: fc.integer({ min: 2, max: 3 }),
  marginMs: fc.constantFrom(0, 5, 20),
  habitWeight: fc.constantFrom(0, 0.7, 1)
})

/** Answers take one of three times, so costs are often equal. */
const alike = measuredScript(80).map((it) => ({
  ...it,
  config: {
    ...it.config,
    upstreams: it.config.upstreams.map((one) => ({
      ...one,
      selector: { ...one.selector, switching: { ...one.selector.switching, marginMs: 0, marginPercent: 0, holdMs: 0 } }
    }))
  },
  moves: it.moves.map((one) => ({ ...one, tookUs: [5_000, 20_000, 60_000][one.pick % 3]! }))
}))

describe("the selector", () => {
  law(
    "keeps no member that is shut out, expired or gone, and leaves no place free for a candidate that may enter, unless the set stands",
    fc.property(fc.oneof(script(), measuredScript(80)), (it) => {
      watch(it, ({ before, after, state }) => {
        const { id, members } = after
        const config = it.config.upstreams[id]!
        const all = candidatesOf(state, id)
        if ((before?.members ?? []).some((one) => hasToGo(state, one))) met("a member had to go")
        if (members.length === config.selector.activeSetSize) met("the set is full")
        expect(members.filter((one) => !mayStay(Candidates.find(state, one)!))).toEqual([])
        if (members.length < config.selector.activeSetSize && !isStanding(state, after)) {
          if (members.length > 0) met("a place is free beside members")
          expect(all.filter((one) => mayEnter(one, config) && !members.includes(one.id)).map((one) => one.id)).toEqual([])
        }
      })
    }),
    { share: 0.5, floors: { "a member had to go": 26, "the set is full": 630, "a place is free beside members": 247 } }
  )

  law(
    "moves as a model of plain lists says, and moves back when a common cause or an outage explains the failures",
    fc.property(fc.oneof(script(120), measuredScript()), (it) => {
      const models = it.config.upstreams.map((config, id) => new SelectorModel(config, id))
      watch(it, (seen) => {
        const model = models[seen.after.id]!
        prepare(model, seen)
        const before = model.members
        if (rolledBack(seen)) met("the set moved back")
        if (evaluated(seen, model)) {
          if (before.length === it.config.upstreams[seen.after.id]!.selector.activeSetSize) met("a full set was evaluated")
          model.evaluate(seen.state)
        }
        if (model.members.length === before.length && model.members.some((one) => !before.includes(one))) {
          met("a member was replaced")
        }
        if (model.displaced.length > 0) met("a member that failed waits for its place")
        expect(seen.after.members).toEqual(model.members)
        expect(seen.after.displaced).toEqual(model.displaced)
      })
    }),
    {
      share: 0.5,
      floors: {
        "the set moved back": 37,
        "a full set was evaluated": 189,
        "a member was replaced": 40,
        "a member that failed waits for its place": 220
      }
    }
  )

  law(
    "replaces a member of a full set only at a lower cost, by a margin, after hold or its waivers, at most swapsPerEvaluation, "
      + "or at a lower cost and forecast where a failure took the place, or the first answer had filled it within an interval",
    fc.property(measuredScript(), (it) => {
      watch(it, ({ before, after, state, facts }) => {
        const config = it.config.upstreams[after.id]!
        const { marginMs, marginPercent, holdMs, swapsPerEvaluation } = config.selector.switching
        const moves = facts.flatMap(({ moves }) => moves)
        const out = moves.filter(({ reason }) => reason === "costlier" || reason === "failing")
        const into = moves.filter(({ reason }) => reason === "cheaper")
        expect(out.length).toBe(into.length)
        expect(out.length).toBeLessThanOrEqual(swapsPerEvaluation)
        out.forEach(({ candidate }, i) => {
          const [member, challenger] = [candidate, into[i]!.candidate].map((id) => Candidates.find(state, id)!)
          const place = before!.members.indexOf(candidate)
          const heldUs = place < 0 ? 0 : state.at - before!.memberSinceUs[place]!
          expect(challenger!.costMs).toBeLessThan(member!.costMs)
          const isFirst = place >= 0 && before!.memberSinceUs[place] === before!.filledAtUs
            && state.at - before!.filledAtUs <= config.probing.intervalMs * 1000
          const isFree = isFirst || before!.displaced.includes(challenger!.id)
          met(isFirst ? "the place was of the first answer" : isFree ? "a failure had taken the place" : "one was replaced")
          if (!isFree) expect(heldUs >= holdMs * 1000 || isSuspect(member!) || isBelowMinScore(member!, config)).toBe(true)
          if (isFree && challenger!.forecastMs < member!.forecastMs) return
          const ahead = (a: number, b: number) => a - b > Math.max(marginMs, (marginPercent / 100) * b)
          expect(
            ahead(member!.costMs, challenger!.costMs) || ahead(member!.forecastMs, challenger!.forecastMs)
          ).toBe(true)
        })
      })
    }),
    {
      floors: {
        "one was replaced": 100,
        "a failure had taken the place": 18,
        "the place was of the first answer": 18
      }
    }
  )

  law(
    "evaluates at most once per interval, unless a member must leave or a place is free",
    fc.property(measuredScript(80), (it) => {
      const lastUs = new Map<number, number>()
      watch(it, (seen) => {
        const { before, after, state } = seen
        // A rollback is no evaluation; one that follows in the same step fills a free place.
        if (rolledBack(seen) || !evaluated(seen)) return
        const beforeUs = lastUs.get(after.id)
        lastUs.set(after.id, state.at)
        if (before === undefined || beforeUs === undefined) return
        const { activeSetSize, evaluationIntervalMs } = it.config.upstreams[after.id]!.selector
        const urgent = before.members.length < activeSetSize
          || before.members.some((id) => hasToGo(state, id))
        met(urgent ? "it was urgent" : "a full set was evaluated once more")
        if (!urgent) expect(state.at - beforeUs).toBeGreaterThanOrEqual(evaluationIntervalMs * 1000)
      })
    }),
    { share: 0.5, floors: { "it was urgent": 81, "a full set was evaluated once more": 229 } }
  )

  law(
    "tells each change of the set, and of nothing else, with the reason of each move",
    fc.property(fc.oneof(script(), measuredScript(80), wanderingScript(80)), (it) => {
      watch(it, (seen) => {
        const { before, after, state, facts } = seen
        let members: ReadonlyArray<number> = before?.members ?? []
        // A rollback, and then an evaluation of the set that it restored.
        expect(facts.length).toBeLessThanOrEqual(rolledBack(seen) ? 2 : 1)
        facts.forEach((fact, i) => {
          const out = members.filter((id) => !fact.members.includes(id))
          const into = fact.members.filter((id) => !members.includes(id))
          const isBack = i === 0 && rolledBack(seen) && fact.moves[0]?.reason === "outage"
          expect(fact.moves.length).toBeGreaterThan(0)
          expect(fact.moves.map(({ candidate }) => candidate).toSorted()).toEqual([...out, ...into].toSorted())
          for (const move of fact.moves) {
            // A candidate that left may have made room in the same step.
            expect(move.costMs).toBe(Candidates.find(state, move.candidate)?.costMs ?? -1)
            expect(move.into).toBe(into.includes(move.candidate))
            if (!isBack) met(`the reason was ${move.reason}`)
            expect([move.candidate, move.reason]).toEqual([move.candidate, isBack ? "outage" : reasonOf(seen, fact, move)])
          }
          members = fact.members
        })
        expect(after.members.toSorted()).toEqual(members.toSorted())
      })
    }),
    {
      share: 0.5,
      floors: {
        "the reason was filled": 72,
        "the reason was cheaper": 13,
        "the reason was costlier": 10,
        "the reason was failing": 3,
        "the reason was shut": 4,
        "the reason was left": 4,
        "the reason was expired": 26
      }
    }
  )

  law(
    "names no candidate of one evaluation both in and out, however many are replaced at a time",
    fc.property(restless, ({ phasesMs, activeSetSize, swapsPerEvaluation, marginMs, habitWeight }) => {
      const switching = { marginMs, marginPercent: 0, holdMs: 0, confirmations: 1, standing: 1, swapsPerEvaluation }
      const { scoring, selector } = configWith([{}]).upstreams[0]!
      const upstream = {
        candidates: ADDRESSES,
        scoring: { ...scoring, habitWeight },
        selector: { ...selector, evaluationIntervalMs: 2_000, activeSetSize, switching }
      }
      const toy = new Simulation(configWith([upstream]))
      for (const [i, phase] of phasesMs.entries()) {
        ADDRESSES.forEach(({ host }, j) => toy.set(host, phase[j]!))
        if (i === 0) toy.start()
        toy.run(25_000)
      }
      for (const { moves } of toy.moves) {
        if (moves.filter(({ reason }) => reason === "cheaper").length > 1) met("several are replaced at a time")
        expect(new Set(moves.map(({ candidate }) => candidate)).size).toBe(moves.length)
      }
    }),
    { floors: { "several are replaced at a time": 55 } }
  )

  law(
    "keeps a member when costs are equal, unless the set is again the one from before a trouble",
    fc.property(alike, (it) => {
      watch(it, (seen) => {
        const { before, after: { members }, state } = seen
        if (rolledBack(seen)) return
        const others = candidatesOf(state, seen.after.id).filter((one) => one.costMs >= 0 && !members.includes(one.id))
        if (members.some((id) => others.some(({ costMs }) => costMs === Candidates.find(state, id)!.costMs))) {
          met("another candidate costs the same as a member")
        }
        for (const gone of before?.members.filter((id) => !members.includes(id)) ?? []) {
          const left = Candidates.find(state, gone)
          if (left === undefined || !mayStay(left)) continue
          const entered = members.filter((id) => !before!.members.includes(id))
          met("a member was replaced")
          expect(entered.some((id) => Candidates.find(state, id)!.costMs < left.costMs)).toBe(true)
        }
      })
    }),
    { floors: { "another candidate costs the same as a member": 360, "a member was replaced": 160 } }
  )
})
