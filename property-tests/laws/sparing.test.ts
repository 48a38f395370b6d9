import fc from "fast-check"
import { describe, expect } from "vitest"
import * as Candidates from "../../src/core/candidates.ts"
import type { Move } from "../arbitraries/moves.ts"
import type { Script } from "../arbitraries/run.ts"
import { play, script } from "../arbitraries/run.ts"
import { law, met } from "../check.ts"

/** Half of the moves answer probes or let time pass. */
const spared = script().map((it): Script => ({
  ...it,
  config: {
    ...it.config,
    upstreams: it.config.upstreams.map((one) => ({
      ...one,
      probing: { ...one.probing, idle: "lazy" as const, intervalMs: 1_000 }
    }))
  },
  moves: it.moves.map((one, i): Move =>
    i % 2 === 0
      ? { ...one, kind: one.pick % 2 === 0 ? "tick" : "answer", failure: one.pick % 5 === 0 ? one.failure : null }
      : one
  )
}))

describe("sparing", () => {
  law(
    "sends a candidate no more probes between two of its clients than idle lazy says, except trials of an open breaker",
    fc.property(spared, (run) => {
      play(run, (_entry, _before, { state, decisions }) => {
        for (const act of decisions) {
          const candidate = act._tag === "Probe" ? Candidates.find(state, act.candidate) : undefined
          if (candidate === undefined) continue
          const { idle, idleProbes } = Candidates.configOf(state, candidate).probing
          if (idle === "always" || candidate.breaker.state !== "closed") continue
          expect(candidate.unused).toBeLessThan(idleProbes)
          if (candidate.unused === idleProbes - 1) met("it was the last probe that the candidate may get")
        }
      })
    }),
    { floors: { "it was the last probe that the candidate may get": 200 } }
  )
})
