/** The record of any run replays to that run, however it was cut into segments or turns. */
import fc from "fast-check"
import { describe, expect } from "vitest"
import { advance } from "../../src/core/advance.ts"
import { nextDeadline } from "../../src/core/deadline.ts"
import { stateDigest } from "../../src/core/digest.ts"
import { toHex } from "../../src/core/math/hash.ts"
import type { Config } from "../../src/core/model/Config.ts"
import type { State } from "../../src/core/model/State.ts"
import { restore } from "../../src/core/restore.ts"
import type { Snapshot } from "../../src/core/state.ts"
import { snapshotOf } from "../../src/core/state.ts"
import { record, replayed } from "../../test/support/segments.ts"
import { farScript, play, provenScript, ruledScript, script } from "../arbitraries/run.ts"
import { law, met } from "../check.ts"

const throughJson = (state: State): State => {
  const config = JSON.parse(JSON.stringify(state.config)) as Config
  return restore(config, JSON.parse(JSON.stringify(snapshotOf(state))) as Snapshot)
}
const digestOf = (state: State) => toHex(stateDigest(state))
const cutsOf = fc.array(fc.nat(80), { maxLength: 4 }).map((cuts) => cuts.toSorted((a, b) => a - b))

describe("replay equals live", () => {
  law(
    "the record of any run, cut into segments anywhere, is verified and ends in the same state",
    fc.property(
      fc.oneof(script(), ruledScript(), provenScript(), farScript()),
      cutsOf,
      fc.constantFrom("footer" as const, "open" as const),
      (it, cuts, end) => {
        const { first, last, entries, advanced } = play(it)
        const { texts } = record(first, entries, cuts, end)
        const verdict = replayed(texts)
        expect(verdict.problem).toBeNull()
        expect(verdict.outcome).toBe("verified")
        expect(verdict.state).toBe(digestOf(last))
        expect(verdict.entries).toBe(entries.length)
        expect(verdict.decisions).toBe(advanced.reduce((sum, { decisions }) => sum + decisions.length, 0))
        const clients = entries.filter(({ event }) => event._tag === "ClientAccepted").length
        expect(verdict.choices).toEqual({ checked: clients, unjudged: 0 })
        if (texts.length > 2) met("the record has three segments or more")
        if (clients > 0) met("clients made choices")
        expect(verdict.moves.length).toBe(
          advanced.flatMap(({ decisions }) => decisions).filter((one) => "moves" in one).length
        )
        expect(verdict.segments.map((one) => one.entries).reduce((a, b) => a + b, 0)).toBe(entries.length)
      }
    ),
    { floors: { "the record has three segments or more": 14, "clients made choices": 80 } }
  )

  law(
    "a state restored from its snapshot goes on as if nothing had happened",
    fc.property(fc.oneof(script(), ruledScript(), provenScript(), farScript()), cutsOf, (it, cuts) => {
      const { first, last, entries, advanced } = play(it)
      let state = first
      entries.forEach((entry, i) => {
        if (cuts.includes(i) && i > 0) {
          met("a state was restored in the middle")
          state = throughJson(state)
        }
        const again = advance(state, entry)
        expect(again.decisions).toEqual(advanced[i]!.decisions)
        expect(again.digest).toEqual(advanced[i]!.digest)
        state = again.state
      })
      expect(digestOf(state)).toBe(digestOf(last))
      expect(throughJson(state)).toEqual(throughJson(last))
    }),
    { share: 0.75, floors: { "a state was restored in the middle": 51 } }
  )

  law(
    "splitting a run into turns, with digests and deadlines read in between, changes nothing",
    fc.property(script(), cutsOf, (it, cuts) => {
      const { first, last, entries } = play(it)
      let state = throughJson(first)
      entries.forEach((entry, i) => {
        if (cuts.includes(i)) {
          // Digests are cached by object: asking for them early must not keep old ones alive.
          expect(digestOf(state)).toBe(digestOf(throughJson(state)))
          nextDeadline(state)
        }
        state = advance(state, entry).state
      })
      expect(digestOf(state)).toBe(digestOf(throughJson(last)))
    }),
    { share: 0.75 }
  )
})
