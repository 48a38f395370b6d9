/** Laws of stages: a reducer that an entry does not enter would have changed nothing. */
import fc from "fast-check"
import { describe, expect } from "vitest"
import { stateDigest } from "../../src/core/digest.ts"
import { concerns, STAGES } from "../../src/core/stages.ts"
import { step } from "../../src/core/step.ts"
import { farScript, play, ruledScript, script } from "../arbitraries/run.ts"
import { law, met } from "../check.ts"

describe("a reducer that an entry does not concern", () => {
  law(
    "would change neither the state nor the decisions, in any run",
    fc.property(fc.oneof(script(), ruledScript(), farScript()), (it) => {
      play(it, (entry, before, { state, decisions }) => {
        const left = new Set<number>()
        const whole = step(before, entry, (stage, now, shared) => {
          if (!concerns(stage, now, shared)) left.add(STAGES.indexOf(stage))
          return true
        })
        if (left.size >= STAGES.length / 2) met("an entry left out half of the reducers")
        for (const one of left) met(`reducer ${one} was left out`)
        expect(whole.decisions).toEqual(decisions)
        expect(whole.state.routes).toEqual(state.routes)
        expect(stateDigest(whole.state)).toEqual(stateDigest(state))
        expect(whole.late).toBeNull()
      })
    }),
    {
      floors: {
        "an entry left out half of the reducers": 1_000,
        ...Object.fromEntries(STAGES.map((_, i) => [`reducer ${i} was left out`, 500]))
      }
    }
  )
})
