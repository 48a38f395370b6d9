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
    "takes up to a tenth from the delay when jittered, in proportion to the draw",
    fc.property(baseMs, fc.nat(999), fc.nat(999), (delayMs, one, other) => {
      const [less, more] = [Math.min(one, other) / 1000, Math.max(one, other) / 1000]
      const waitMs = jitteredMs(delayMs, more)
      expect(waitMs).toBeGreaterThan(0.9 * delayMs)
      expect(waitMs).toBeLessThanOrEqual(delayMs)
      if (more > less) expect(waitMs).toBeLessThan(jitteredMs(delayMs, less))
    })
  )
})
