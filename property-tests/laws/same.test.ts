import fc from "fast-check"
import { isDeepStrictEqual } from "node:util"
import { describe, expect } from "vitest"
import { same } from "../../src/core/data/same.ts"
import { law } from "../check.ts"

/** What JSON knows, but for -0, which it writes as 0. */
const plain = fc.jsonValue({ maxDepth: 3 }).map((value) => JSON.parse(JSON.stringify(value)))

/** The same value with one of its leaves, or elements, changed. */
function altered(value: unknown, at: number): unknown {
  if (typeof value !== "object" || value === null) return [value]
  const entries = Object.entries(value)
  if (entries.length === 0) return { more: 1 }
  const place = at % entries.length
  const changed = entries.map(([key, one], i) => [key, i === place ? altered(one, at) : one])
  return Array.isArray(value) ? changed.map(([, one]) => one) : Object.fromEntries(changed)
}

describe("plain records", () => {
  law(
    "are the same exactly when all their leaves are",
    fc.property(plain, plain, fc.nat(), (a, b, at) => {
      expect(same(a, structuredClone(a))).toBe(true)
      expect(same(a, b)).toBe(isDeepStrictEqual(a, b))
      expect(same(a, altered(a, at))).toBe(false)
    })
  )
})
