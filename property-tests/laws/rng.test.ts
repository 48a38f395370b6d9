import fc from "fast-check"
import { describe, expect, it } from "vitest"
import * as Rng from "../../src/core/math/Rng.ts"
import { law } from "../check.ts"

const seed = fc.maxSafeNat()

function draws(seed: number, count: number): ReadonlyArray<number> {
  let rng = Rng.make(seed)
  return Array.from({ length: count }, () => {
    const drawn = Rng.next(rng)
    rng = drawn.rng
    return drawn.value
  })
}

describe("Rng", () => {
  it("uses all bits of a seed, also those beyond 32", () => {
    const first = [0, 1, 2 ** 32, 2 ** 33, 2 ** 32 + 1].map((seed) => draws(seed, 1)[0])
    expect(new Set(first).size).toBe(first.length)
  })

  law(
    "draws 32-bit integers and numbers in [0, 1), the same ones for the same seed",
    fc.property(seed, (seed) => {
      const values = draws(seed, 50)
      expect(draws(seed, 50)).toEqual(values)
      for (const value of values) expect(value >>> 0).toBe(value)
      const { value, rng } = Rng.uniform(Rng.make(seed))
      expect(value).toBe(values[0]! / 2 ** 32)
      expect(value).toBeLessThan(1)
      expect(JSON.parse(JSON.stringify(rng))).toEqual(Rng.next(Rng.make(seed)).rng)
    })
  )

  law(
    "gives other numbers for other seeds, wherever the seeds differ",
    fc.property(seed, fc.integer({ min: 0, max: 52 }), (seed, bit) => {
      const other = Number(BigInt(seed) ^ (1n << BigInt(bit)))
      expect(draws(other, 4)).not.toEqual(draws(seed, 4))
    })
  )

  law(
    "spreads evenly: of 4,000 draws each sixteenth gets its share",
    fc.property(seed, (seed) => {
      const counts = new Array<number>(16).fill(0)
      for (const value of draws(seed, 4_000)) counts[value >>> 28]!++
      // Six standard deviations around 250.
      for (const count of counts) expect(Math.abs(count - 250)).toBeLessThan(93)
      const ones = draws(seed, 4_000).filter((value) => value & 1).length
      expect(Math.abs(ones - 2_000)).toBeLessThan(190)
    }),
    { share: 0.25 }
  )

  it("draws what sfc32 draws", () => {
    expect(draws(1, 4)).toEqual(KNOWN)
  })
})

const KNOWN: ReadonlyArray<number> = [573063952, 3268221502, 703077755, 2308299391]
