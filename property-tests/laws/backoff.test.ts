import fc from "fast-check"
import { describe, expect } from "vitest"
import { backoffMs, jitteredMs } from "../../src/core/math/backoff.ts"
import { law } from "../check.ts"

const baseMs = fc.integer({ min: 1, max: 60_000 })
const maxMs = fc.integer({ min: 1, max: 3_600_000 })
const attempt = fc.nat(60)

describe("backoff", () => {
  law(
    "doubles from its base up to its cap, and never shrinks",
    fc.property(attempt, baseMs, maxMs, (attempt, baseMs, maxMs) => {
      const delayMs = backoffMs(attempt, baseMs, maxMs)
      expect(delayMs).toBe(Math.min(baseMs * 2 ** attempt, maxMs))
      expect(backoffMs(attempt + 1, baseMs, maxMs)).toBeGreaterThanOrEqual(delayMs)
    })
  )

  law(
    "keeps at least half of the delay when jittered, and stays below all of it",
    fc.property(baseMs, fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (delayMs, draw) => {
      const waitMs = jitteredMs(delayMs, draw)
      expect(waitMs).toBeGreaterThanOrEqual(delayMs / 2)
      expect(waitMs).toBeLessThanOrEqual(delayMs)
      if (draw < 0.999) expect(waitMs).toBeLessThan(delayMs)
    })
  )
})
