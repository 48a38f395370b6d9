/** Each checker alone finds a bug that was planted for it, in a seed in which the unchanged sources hold (world.test.ts). */
import { afterAll, describe, expect, it } from "vitest"
import { changedModule, removeChangedCores } from "../../test/support/changedCore.ts"
import { PLANTED } from "./planted.ts"
import { CHECKERS } from "./play.ts"

type Play = Pick<typeof import("./play.ts"), "playedUnder">

describe("a planted bug is found by the rule for it", () => {
  afterAll(removeChangedCores)

  it.each(PLANTED)("$by: $bug", async ({ by, seed, bug: _, ...change }) => {
    const { playedUnder } = await changedModule<Play>("property-tests/world/play.ts", change)
    expect(playedUnder(by, seed).violation).toMatchObject({ checker: by })
  })

  it("and each rule has a bug that it finds", () => {
    expect(new Set(PLANTED.map(({ by }) => by))).toEqual(new Set(Object.keys(CHECKERS)))
  })
})
