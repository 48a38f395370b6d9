import fc from "fast-check"
import { describe, expect, it } from "vitest"
import * as Candidates from "../../src/core/candidates.ts"
import { play, script } from "../arbitraries/run.ts"
import { law } from "../check.ts"

/** Candidates that got as many probes as they may, in all runs. */
let spent = 0

describe("sparing", () => {
  law(
    "probes nobody more often between two of its clients than idle lazy says, but for trials of who is shut out",
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

  it("meets those that may get only one more", () => void expect(spent).toBeGreaterThan(20))
})
