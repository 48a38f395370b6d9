import fc from "fast-check"
import { describe, expect } from "vitest"
import type { Ewma } from "../../src/core/math/Ewma.ts"
import { add, addPeak, empty } from "../../src/core/math/Ewma.ts"
import { law } from "../check.ts"

const series = fc.array(
  fc.record({ gapUs: fc.nat(20_000_000), sample: fc.double({ min: 0, max: 5_000, noNaN: true }) }),
  { minLength: 1, maxLength: 40 }
)
const decayMs = fc.constantFrom(0, 1, 300, 3_000, 300_000)

type Series = ReadonlyArray<{ readonly gapUs: number; readonly sample: number }>

function fold(into: typeof add, items: Series, decayMs: number): ReadonlyArray<Ewma> {
  let at = 0
  let ewma = empty
  return items.map(({ gapUs, sample }) => (ewma = into(ewma, sample, at += gapUs, decayMs)))
}

describe("Ewma", () => {
  law(
    "lies between the least and the greatest sample so far",
    fc.property(fc.constantFrom(add, addPeak), series, decayMs, (into, items, decayMs) => {
      fold(into, items, decayMs).forEach(({ value }, i) => {
        const samples = items.slice(0, i + 1).map(({ sample }) => sample)
        expect(value).toBeGreaterThanOrEqual(Math.min(...samples))
        expect(value).toBeLessThanOrEqual(Math.max(...samples))
      })
    })
  )

  law(
    "is the average of all samples, each weighted by what was left of it",
    fc.property(series, decayMs.filter((ms) => ms > 0), (items, decayMs) => {
      // Each step leaves e^(-gap/decay) of the past and gives the rest to the sample; the first gets all.
      let expected = items[0]!.sample
      for (const { gapUs, sample } of items.slice(1)) {
        const past = Math.exp(-gapUs / 1000 / decayMs)
        expected = expected * past + sample * (1 - past)
      }
      expect(fold(add, items, decayMs).at(-1)!.value).toBeCloseTo(expected, 6)
    })
  )

  law(
    "takes a higher sample at once when it is peak-sensitive, and is never below the plain average",
    fc.property(series, decayMs, (items, decayMs) => {
      const plain = fold(add, items, decayMs)
      fold(addPeak, items, decayMs).forEach(({ value }, i) => {
        expect(value).toBeGreaterThanOrEqual(items[i]!.sample)
        expect(value).toBeGreaterThanOrEqual(plain[i]!.value - 1e-9)
      })
    })
  )

  law(
    "of a constant series is that constant, and remembers when the last sample came",
    fc.property(fc.constantFrom(add, addPeak), series, decayMs, (into, items, decayMs) => {
      const constant = items.map(({ gapUs }) => ({ gapUs, sample: 42.5 }))
      const folded = fold(into, constant, decayMs)
      expect(folded.map(({ value }) => value)).toEqual(constant.map(() => 42.5))
      expect(folded.at(-1)!.atUs).toBe(items.reduce((sum, { gapUs }) => sum + gapUs, 0))
    })
  )

  law(
    "forgets old samples: forty constants later only the new one counts",
    fc.property(series, fc.double({ min: 0, max: 5_000, noNaN: true }), (items, sample) => {
      const last = fold(addPeak, items, 100).at(-1)!
      expect(addPeak(last, sample, last.atUs + 4_000_000, 100).value).toBeCloseTo(sample, 9)
      if (sample < last.value) expect(addPeak(last, sample, last.atUs, 100).value).toBe(last.value)
    })
  )
})
