import fc from "fast-check"
import { describe, expect } from "vitest"
import * as SuccessWindow from "../../src/core/math/SuccessWindow.ts"
import { law } from "../check.ts"

const samples = fc.array(fc.record({ gapUs: fc.nat(40_000_000), ok: fc.boolean() }), { maxLength: 60 })
const windowMs = fc.constantFrom(1_000, 60_000, 300_000)

describe("SuccessWindow", () => {
  law(
    "counts what a plain list of samples counts",
    fc.property(samples, windowMs, fc.nat(600_000_000), (items, windowMs, laterUs) => {
      const bucketUs = (windowMs * 1000) / 10
      const list: Array<{ readonly bucket: number; readonly ok: boolean }> = []
      let window = SuccessWindow.empty
      let at = 0
      const expectSame = () => {
        const recent = list.filter(({ bucket }) => bucket > Math.floor(at / bucketUs) - 10)
        const ok = recent.filter((one) => one.ok).length
        expect(SuccessWindow.totals(window)).toEqual({ ok, failed: recent.length - ok })
        expect(SuccessWindow.rate(window)).toBe((ok + 1) / (recent.length + 1))
      }
      for (const { gapUs, ok } of items) {
        at += gapUs
        window = SuccessWindow.record(window, ok, at, windowMs)
        list.push({ bucket: Math.floor(at / bucketUs), ok })
        expectSame()
      }
      at += laterUs
      window = SuccessWindow.advanceTo(window, at, windowMs)
      expectSame()
    })
  )

  law(
    "has a rate above 0 and at most 1, lowered by each failure and raised by each success until it is 1",
    fc.property(samples, windowMs, (items, windowMs) => {
      let window = SuccessWindow.empty
      let at = 0
      for (const { gapUs, ok } of items) {
        at += gapUs
        const before = SuccessWindow.rate(SuccessWindow.advanceTo(window, at, windowMs))
        window = SuccessWindow.record(window, ok, at, windowMs)
        const after = SuccessWindow.rate(window)
        expect(after).toBeGreaterThan(0)
        expect(after).toBeLessThanOrEqual(1)
        if (ok) expect(after).toBeGreaterThanOrEqual(before)
        else expect(after).toBeLessThan(before)
      }
    })
  )

  law(
    "is the same object when nothing fell out, and never goes back in time",
    fc.property(samples, windowMs, fc.nat(1_000_000), (items, windowMs, backUs) => {
      let window = SuccessWindow.empty
      let at = 0
      for (const { gapUs, ok } of items) window = SuccessWindow.record(window, ok, at += gapUs, windowMs)
      expect(SuccessWindow.advanceTo(window, at, windowMs)).toBe(window)
      expect(SuccessWindow.advanceTo(window, Math.max(0, at - backUs), windowMs)).toBe(window)
    })
  )
})
