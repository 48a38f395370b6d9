/** Runs that once broke an invariant, kept as they were found. */
import * as fs from "node:fs"
import { expect, it } from "vitest"
import { cheapFault, faults } from "../../src/core/invariants.ts"
import { play } from "../arbitraries/run.ts"

const read = (name: string) => JSON.parse(fs.readFileSync(new URL(`kept/${name}`, import.meta.url), "utf8"))

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
