/** Runs that once broke an invariant, kept as they were found. */
import * as fs from "node:fs"
import { expect, it } from "vitest"
import * as Candidates from "../../src/core/candidates.ts"
import * as Vector from "../../src/core/data/Vector.ts"
import { cheapFault, faults } from "../../src/core/invariants.ts"
import { play } from "../arbitraries/run.ts"

const read = (name: string) => JSON.parse(fs.readFileSync(new URL(`kept/${name}`, import.meta.url), "utf8"))

it("a candidate that leaves in the very step in which its slow-start weight would grow keeps that weight", () => {
  let left = 0
  play(read("leftWhileRamping.json"), (_entry, before, { state }) => {
    for (const one of Vector.toArray(state.candidates)) {
      const was = Candidates.find(before, one?.id ?? -1)
      if (one === null || was === undefined || was.sources.length === 0 || one.sources.length > 0) continue
      left += was.breaker.slowStartWeight < 1 ? 1 : 0
      expect(one.breaker).toEqual(was.breaker)
    }
  })
  expect(left).toBe(1)
})

it.each([
  ["a session that speaks while the pool is off does not end a common cause", "spokeWhileOff.json", "SessionSpoke"]
])("%s", (_title, name, event) => {
  let came = false
  play(read(name), (entry, before, { state, late }) => {
    came ||= entry.event._tag === event
    expect(faults(state), `after entry ${entry.seq} (${entry.event._tag})`).toEqual([])
    expect(cheapFault(before, state)).toBeNull()
    expect(late).toBeNull()
  })
  expect(came).toBe(true)
})
