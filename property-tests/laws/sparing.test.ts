import fc from "fast-check"
import { describe, expect, it } from "vitest"
import * as Candidates from "../../src/core/candidates.ts"
import { play, script } from "../arbitraries/run.ts"
import { law } from "../check.ts"

/** Probes after which their candidate may get no other one, in all runs. */
let spent = 0

describe("sparing", () => {
  law(
    "sends a candidate no more probes between two of its clients than idle lazy says, except trials of an open breaker",
    fc.property(script(), (run) => {
      play(run, (_entry, _before, { state, decisions }) => {
        for (const act of decisions) {
          const candidate = act._tag === "Probe" ? Candidates.find(state, act.candidate) : undefined
          if (candidate === undefined) continue
          const { idle, idleProbes } = Candidates.configOf(state, candidate).probing
          if (idle === "always" || candidate.breaker.state !== "closed") continue
          expect(candidate.unused).toBeLessThan(idleProbes)
          spent += candidate.unused === idleProbes - 1 ? 1 : 0
        }
      })
    })
  )

  it("has sent the last probe that a candidate may get often enough in these runs", () =>
    void expect(spent).toBeGreaterThan(20))
})
