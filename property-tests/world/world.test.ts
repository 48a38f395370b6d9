/**
 * The simulated world: the real core and data plane in weather made of a seed, under all checkers (docs/reliability.md). A quick run plays
 * the first seeds, a deep one (FAIRLEAD_DEEP=1) thousands.
 */
import { describe, expect, it } from "vitest"
import { failureText, played, playedSeed, shortSeeds } from "./play.ts"
import { scriptOf } from "./script.ts"

const isDeep = process.env.FAIRLEAD_DEEP === "1"
const SEEDS = isDeep ? Array.from({ length: 2_000 }, (_, i) => i + 1) : shortSeeds(8)
const TIMEOUT_MS = isDeep ? 14_400_000 : 120_000

/** How often each premise has to hold in a quick run; below that its checker says nothing. */
const FLOORS: Readonly<Record<string, number>> = {
  "warm sockets were counted": 2_000,
  "a client took a warm socket": 200,
  "a warm socket was lost": 100,
  "all invariants were checked": 100,
  "a process was replayed": 8
}

describe("the world", () => {
  it("holds all its rules in each seed, and each rule had something to watch", { timeout: TIMEOUT_MS }, () => {
    const premises = new Map<string, number>()
    for (const seed of SEEDS) {
      const outcome = playedSeed(seed)
      expect(outcome.violation, failureText(seed, outcome)).toBeNull()
      for (const [premise, times] of outcome.premises) premises.set(premise, (premises.get(premise) ?? 0) + times)
    }
    for (const [premise, floor] of Object.entries(FLOORS)) {
      expect(premises.get(premise) ?? 0, premise).toBeGreaterThanOrEqual(floor)
    }
    expect([...premises.keys()].filter((premise) => !Object.hasOwn(FLOORS, premise))).toEqual([])
  })

  it("plays a seed the same way each time", { timeout: TIMEOUT_MS }, () => {
    const seed = SEEDS[0] as number
    const { digest, entries } = playedSeed(seed)
    const again = playedSeed(seed)
    expect([again.digest, again.entries]).toEqual([digest, entries])
    expect(played({ ...scriptOf(seed), seed: seed + 1 }).digest).not.toBe(digest)
  })
})
