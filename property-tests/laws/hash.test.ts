import fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { Digest } from "../../src/core/math/hash.ts"
import { chain, combine, fromHex, hash, toHex, zero } from "../../src/core/math/hash.ts"
import { law } from "../check.ts"

const lane = fc.integer({ min: 0, max: 2 ** 32 - 1 })
const digest: fc.Arbitrary<Digest> = fc.record({ high: lane, low: lane })
const text = fc.oneof(fc.string(), fc.string({ unit: "binary" }), fc.string({ minLength: 200, maxLength: 500 }))

describe("hash", () => {
  law(
    "differs in both lanes when one character differs",
    fc.property(
      digest,
      text.filter((one) => one.length > 0),
      fc.nat(),
      fc.integer({ min: 1, max: 65_535 }),
      (...[before, text, at, bits]) => {
        const i = at % text.length
        const changed = text.slice(0, i) + String.fromCharCode(text.charCodeAt(i) ^ bits) + text.slice(i + 1)
        const a = chain(before, text)
        const b = chain(before, changed)
        expect(a.high).not.toBe(b.high)
        expect(a.low).not.toBe(b.low)
      }
    ),
    { share: 5 }
  )

  law(
    "depends on what came before, in both lanes",
    fc.property(digest, lane, text, (before, other, text) => {
      const a = chain(before, text)
      if (other !== before.high) expect(chain({ ...before, high: other }, text).high).not.toBe(a.high)
      if (other !== before.low) expect(chain({ ...before, low: other }, text).low).not.toBe(a.low)
      expect(hash(text)).toEqual(chain(zero, text))
    })
  )

  law(
    "depends on the order of a chain, and on where one text ends and the next begins",
    fc.property(text, text, (a, b) => {
      const ab = toHex(chain(hash(a), b))
      if (a !== b) expect(ab).not.toBe(toHex(chain(hash(b), a)))
      if (b !== "") expect(ab).not.toBe(toHex(chain(hash(a + b.slice(0, 1)), b.slice(1))))
      expect(ab).not.toBe(toHex(hash(a + b)))
    })
  )

  law(
    "combined depends on both parts and their order",
    fc.property(digest, digest, lane, (a, b, other) => {
      if (toHex(a) !== toHex(b)) expect(combine(a, b)).not.toEqual(combine(b, a))
      if (other !== b.high) expect(combine(a, { ...b, high: other })).not.toEqual(combine(a, b))
      if (other !== a.low) expect(combine({ ...a, low: other }, b)).not.toEqual(combine(a, b))
    })
  )

  law(
    "goes to hexadecimal and back, and reads nothing else",
    fc.property(digest, fc.string({ maxLength: 20 }), (one, other) => {
      expect(toHex(one)).toMatch(/^[0-9a-f]{16}$/)
      expect(fromHex(toHex(one))).toEqual(one)
      const read = fromHex(other)
      if (read !== undefined) expect(toHex(read)).toBe(other)
      expect(fromHex(toHex(one).slice(1))).toBeUndefined()
    })
  )

  it("has the same value on every runtime", () => {
    expect(["", "a", "fairlead segment 1", "\u{1f600}"].map((one) => toHex(hash(one)))).toEqual(KNOWN)
  })
})

const KNOWN: ReadonlyArray<string> = ["212ca684afa3dea3", "6ce6163b4038fd11", "1206173b4cb356e2", "eef879695320d5f1"]
