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
    "tells when its newest bucket ends: nothing changes by time alone before that moment",
    fc.property(samples, windowMs, fc.nat(60_000_000), (items, windowMs, laterUs) => {
      let window = SuccessWindow.empty
      let at = 0
      for (const { gapUs, ok } of items) window = SuccessWindow.record(window, ok, at += gapUs, windowMs)
      const moved = SuccessWindow.advanceTo(window, at, windowMs)
      const endsUs = SuccessWindow.nextBucketUs(moved, windowMs)
      expect(endsUs).toBeGreaterThan(at)
      expect(SuccessWindow.advanceTo(moved, Math.min(at + laterUs, endsUs - 1), windowMs)).toBe(moved)
      expect(SuccessWindow.advanceTo(moved, endsUs, windowMs)).not.toBe(moved)
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
