/** Laws of turning off and on: an upstream that is off believes and asks nothing, and one that is turned on begins anew. */
import fc from "fast-check"
import { describe, expect } from "vitest"
import * as Candidates from "../../src/core/candidates.ts"
import * as Vector from "../../src/core/data/Vector.ts"
import { mayResolve } from "../../src/core/invariants.ts"
import type { Decision } from "../../src/core/model/Decision.ts"
import type { State } from "../../src/core/model/State.ts"
import { isPlanned } from "../../src/core/upstream/resolving.ts"
import * as Upstreams from "../../src/core/upstreams.ts"
import type { Move } from "../arbitraries/moves.ts"
import type { Script } from "../arbitraries/run.ts"
import { play, ruledScript } from "../arbitraries/run.ts"
import { law, met } from "../check.ts"

/** Runs in which most handshakes succeed, and an operator turns everything off and on. */
const switched = ruledScript(70).map((it): Script => ({
  ...it,
  config: { ...it.config, enabled: true },
  moves: it.moves.map((one, i): Move =>
    i % 9 === 8
      ? { ...one, kind: "override" }
      : i % 3 === 0 && one.kind !== "reload"
      ? { ...one, kind: "answer", failure: one.pick % 3 === 0 ? one.failure : null }
      : one
  )
}))

/** The upstream that an act is for. */
function upstreamOf(state: State, act: Decision): number | undefined {
  if (act._tag === "Resolve" || act._tag === "Race") return act.upstream
  return act._tag === "Probe" || act._tag === "DialWarm" ? Candidates.find(state, act.candidate)?.upstream : undefined
}

describe("an upstream that is off", () => {
  law(
    "has no set, no open breaker, no suspect and nothing due, and no probe, warm dial, query or race is asked for",
    fc.property(switched, (it) => {
      play(it, (_entry, before, { state, decisions }) => {
        for (const upstream of Upstreams.all(state)) {
          const { id, members, listed, roundDueUs, evaluateDueUs, renewDueUs } = upstream
          if (Upstreams.isOn(state, id)) continue
          met("an upstream is off")
          const was = Upstreams.find(before, id)
          if (was !== undefined && Upstreams.isOn(before, id)) {
            if (was.members.length > 0) met("one was turned off that had a set")
            if (was.shut > 0) met("one was turned off that had an open breaker")
          }
          expect([members, roundDueUs, evaluateDueUs, renewDueUs]).toEqual([[], -1, -1, -1])
          for (const one of Candidates.among(state, listed)) {
            expect([one.breaker.state, Candidates.isSuspect(one), one.queue]).toEqual(["closed", false, "none"])
          }
          expect(decisions.filter((act) => upstreamOf(state, act) === id)).toEqual([])
          expect(state.routes.upstreams[id]).toMatchObject({ state: "disabled", members: [] })
        }
      })
    }),
    {
      share: 0.5,
      floors: {
        "an upstream is off": 945,
        "one was turned off that had a set": 23,
        "one was turned off that had an open breaker": 3
      }
    }
  )

  law(
    "has each candidate probed and its name queried when it is turned on, and what was learned of success still counts",
    fc.property(switched, (it) => {
      play(it, ({ event }, before, { state, decisions }) => {
        if (event._tag !== "EnabledOverridden") return
        const told = decisions.filter((one) => one._tag === "EnabledChanged")
        const [was, is] = [before, state].map((one) => one.override ?? one.config.enabled)
        if (was !== is) expect(told).toMatchObject([{ enabled: is }])
        for (const { id, listed, stale } of Upstreams.all(state)) {
          if (Upstreams.isOn(before, id) || !Upstreams.isOn(state, id) || !Upstreams.isPreheated(state, id)) continue
          met("an upstream was turned on")
          if (stale.length > 0) met("its last set serves as stale")
          // Where idle is lazy an unused candidate is spared: laws/sparing.
          const isSpared = Upstreams.configOf(state, id).probing.idle === "lazy"
          for (const one of Candidates.among(state, listed)) {
            expect(isSpared || one.probe !== 0 || one.queue !== "none").toBe(true)
            expect(one.success).toEqual((Candidates.find(before, one.id) ?? one).success)
          }
          if (mayResolve(state, id)) expect(isPlanned(Vector.get(state.upstreams, id)!)).toBe(true)
        }
      })
    }),
    { share: 0.5, floors: { "an upstream was turned on": 29, "its last set serves as stale": 5 } }
  )
})
