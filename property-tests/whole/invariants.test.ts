/** What must hold after every entry of any run, and what must never come twice. */
import fc from "fast-check"
import { describe, expect } from "vitest"
import * as Vector from "../../src/core/data/Vector.ts"
import { cheapFault, faults } from "../../src/core/invariants.ts"
import { play, script } from "../arbitraries/run.ts"
import { law } from "../check.ts"

describe("in any run", () => {
  law(
    "no invariant is broken after any entry",
    fc.property(script(), (it) => {
      play(it, (entry, before, { state }) => {
        expect(faults(state), `after entry ${entry.seq} (${entry.event._tag})`).toEqual([])
        expect(cheapFault(before, state)).toBeNull()
      })
    })
  )

  law(
    "no probe id and no candidate id comes twice, and a candidate keeps its id",
    fc.property(script(), (it) => {
      const probes = new Set<number>()
      const owners = new Map<number, string>()
      play(it, (_entry, before, { state, decisions }) => {
        for (const decision of decisions) {
          if (decision._tag !== "Probe") continue
          expect(probes.has(decision.probe), `probe ${decision.probe} twice`).toBe(false)
          expect(decision.probe).toBeGreaterThanOrEqual(before.minted.probe)
          expect(decision.probe).toBeLessThan(state.minted.probe)
          probes.add(decision.probe)
        }
        for (const candidate of Vector.toArray(state.candidates)) {
          if (candidate === null) continue
          const owner = `${candidate.upstream} ${candidate.host} ${candidate.port} ${candidate.ordinal}`
          expect(owners.get(candidate.id) ?? owner).toBe(owner)
          owners.set(candidate.id, owner)
        }
      })
      expect(new Set(owners.values()).size).toBe(owners.size)
    })
  )

  law(
    "one entry folded twice from the same state gives the same state, decisions and digest",
    fc.property(script(40), (it) => {
      const once = play(it)
      const twice = play(it)
      expect(twice.entries).toEqual(once.entries)
      expect(twice.advanced.map(({ digest, decisions }) => ({ digest, decisions })))
        .toEqual(once.advanced.map(({ digest, decisions }) => ({ digest, decisions })))
      expect(twice.last).toEqual(once.last)
    }),
    { share: 0.5 }
  )
})
