import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { decay, expNegative } from "../../src/core/math/decay.ts"
import { law } from "../check.ts"

/** Up to where e^-x is a normal number; below it there are fewer bits to be right. */
const exponent = fc.double({ min: 0, max: 700, noNaN: true })

describe("decay", () => {
  it("takes any positive constant, and with a constant of 0 nothing is left after any time", () => {
    expect(decay(1, 1)).toBeCloseTo(1 / Math.E, 12)
    expect([decay(1, 0), decay(0, 0)]).toEqual([0, 1])
  })

  law(
    "is e^-x to within 2e-13 of it",
    fc.property(exponent, (x) => {
      expect(Math.abs(expNegative(x) / Math.exp(-x) - 1)).toBeLessThan(2e-13)
    }),
    { share: 5 }
  )

  law(
    "lies above 0 and at most at 1, and never grows with time",
    fc.property(exponent, fc.double({ min: 1e-9, max: 100, noNaN: true }), (x, more) => {
      const now = expNegative(x)
      expect(now).toBeGreaterThan(0)
      expect(now).toBeLessThanOrEqual(1)
      expect(expNegative(x + more)).toBeLessThanOrEqual(now)
      if (more > 1e-6 && x > 1e-3) expect(expNegative(x + more)).toBeLessThan(now)
    })
  )

  law(
    "of a sum of times is the product of their decays",
    fc.property(fc.double({ min: 0, max: 300, noNaN: true }), fc.double({ min: 0, max: 300, noNaN: true }), (a, b) => {
      expect(Math.abs((expNegative(a) * expNegative(b)) / expNegative(a + b) - 1)).toBeLessThan(5e-13)
    })
  )

  law(
    "depends on the time in units of its constant",
    fc.property(fc.nat(10_000_000), fc.integer({ min: 1, max: 100_000 }), (elapsed, constant) => {
      expect(decay(elapsed, constant)).toBe(expNegative(elapsed / constant))
      expect(decay(-elapsed, constant)).toBe(1)
      expect(decay(elapsed, 0)).toBe(elapsed > 0 ? 0 : 1)
    })
  )

  it("is 1 after no time and for NaN, and 0 after 745 constants", () => {
    expect([0, -0, -1, Number.NaN].map(expNegative)).toEqual([1, 1, 1, 1])
    expect([745.2, 1e9, Infinity].map(expNegative)).toEqual([0, 0, 0])
    expect(expNegative(744.4)).toBeGreaterThan(0)
  })

  it("has the same bits on every runtime", () => {
    const bits = (x: number) => new BigUint64Array(new Float64Array([expNegative(x)]).buffer)[0]!.toString(16)
    expect([0.001, 0.1, 0.5, 0.7, 1, 2.5, 10, 33.3, 123.456, 700].map(bits)).toEqual(BITS)
  })
})

const BITS: ReadonlyArray<string> = [
  "3feff7cfe56f1a9e",
  "3fecf46d99d52b3a",
  "3fe368b2fc6f960a",
  "3fdfc80db9dd5542",
  "3fd78b56362cef38",
  "3fb50385c094f424",
  "3f07cd79b5647c9a",
  "3cef165bb9b59d94",
  "34cda9fb9e4ee720",
  "d14f2b0fb93083"
]
