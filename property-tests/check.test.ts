/** The laws' own harness: a failure is found, printed so that it can be repeated, and repeats. */
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { check, met } from "./check.ts"

const checked = {
  law: "stays (below) 1,000",
  fullName: "numbers stays (below) 1,000",
  file: "property-tests/laws/x.test.ts"
}
const below = (limit: number, seen: Array<number> = []) =>
  fc.property(fc.nat(100_000), (n) => {
    seen.push(n)
    if (n >= limit) throw new Error(`saw ${n}`)
  })

function failureOf(run: () => void): string {
  try {
    run()
  } catch (cause) {
    return (cause as Error).message
  }
  return ""
}

describe("the harness of the laws", () => {
  const message = failureOf(() => check(checked, below(1_000), {}, []))
  const [, command = "", seed = "", path = ""] = /^((?:FAIRLEAD_SEED=(-?\d+)) FAIRLEAD_PATH="([\d:]+)" .*)$/m.exec(message)
    ?? []

  it("prints the seed, the path and the command that repeats a failure", () => {
    expect(command).toBe(
      `FAIRLEAD_SEED=${seed} FAIRLEAD_PATH="${path}" npx vitest run property-tests/laws/x.test.ts -t "numbers stays .below. 1,000"`
    )
    expect(message).toContain('the law "stays (below) 1,000" is broken')
    expect(message).toContain("Counterexample: [1000]")
  })

  it("repeats exactly that failure from the command", () => {
    const seen: Array<number> = []
    const again = failureOf(() => check(checked, below(1_000, seen), { FAIRLEAD_SEED: seed, FAIRLEAD_PATH: path }, []))
    expect(seen[0]).toBe(1_000)
    expect(again).toContain("Counterexample: [1000]")
  })

  it("draws the same cases each time in a quick run, and others in a deep run", () => {
    const cases = (environment: Record<string, string>) => {
      const seen: Array<number> = []
      check(checked, below(Infinity, seen), environment, [])
      return seen
    }
    expect(cases({})).toEqual(cases({}))
    expect(cases({})).toHaveLength(200)
    const deep = cases({ FAIRLEAD_DEEP: "1" })
    expect(deep).toHaveLength(5_000)
    expect(deep.slice(0, 200)).not.toEqual(cases({}))
    expect(cases({ FAIRLEAD_SEED: "5" })).not.toEqual(cases({}))
  })

  it("replays the kept seeds of a law first, and those of no other law", () => {
    const kept = { law: checked.law, seed: Number(seed), path }
    const seen: Array<number> = []
    const again = failureOf(() => check(checked, below(1_000, seen), {}, [{ ...kept, law: "another" }, kept]))
    expect(again).toContain("Counterexample: [1000]")
    expect(seen).toEqual([1_000])
    const fixed: Array<number> = []
    check(checked, below(Infinity, fixed), {}, [kept])
    expect(fixed[0]).toBe(1_000)
    expect(fixed.length).toBeGreaterThan(200)
  })

  it("fails when not all cases could be run in time, and says how many were", () => {
    const slow = fc.property(fc.nat(), () => {
      const untilMs = performance.now() + 5
      while (performance.now() < untilMs) continue
    })
    expect(failureOf(() => check(checked, slow, {}, [], { limitMs: 100 }))).toMatch(
      /is not checked: \d+ of 200 cases in 100 ms/
    )
    expect(failureOf(() => check(checked, slow, {}, [], { limitMs: 60_000, share: 0.05 }))).toBe("")
  })

  it("fails when a premise held less often than its floor or has no floor, and counts anew for each law", () => {
    const even = fc.property(fc.nat(), (n) => {
      if (n % 2 === 0) met("it is even")
    })
    const failure = (floors: Record<string, number>) => failureOf(() => check(checked, even, {}, [], { floors }))
    expect(failure({ "it is even": 50 })).toBe("")
    expect(failure({ "it is even": 50 })).toBe("")
    expect(failure({ "it is even": 150 })).toMatch(
      /says nothing: "it is even" held \d+ times in all cases, and has to hold 150/
    )
    expect(failure({ "it is even": 50, "it is odd": 1 })).toMatch(/"it is odd" held 0 times/)
    expect(failure({})).toMatch(/counts "it is even" and has no floor/)
  })
})
