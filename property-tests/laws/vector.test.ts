import fc from "fast-check"
import { describe, expect, it } from "vitest"
import * as Vector from "../../src/core/data/Vector.ts"
import { law } from "../check.ts"

/** Lengths around one and two chunks, where the edges are. */
const items = fc.oneof(
  fc.array(fc.nat(9), { maxLength: 8 }),
  fc.integer({ min: 60, max: 132 }).chain((length) => fc.array(fc.nat(9), { minLength: length, maxLength: length }))
)
const action = fc.oneof(
  fc.record({ push: fc.nat(9) }),
  fc.record({ at: fc.integer({ min: -2, max: 140 }), item: fc.nat(9) })
)

describe("Vector", () => {
  it("is empty at the beginning", () => {
    const one = Vector.push(Vector.empty<number>(), 7)
    expect([Vector.empty().length, one.length, Vector.get(one, 0), Vector.get(one, 1)]).toEqual([0, 1, 7, undefined])
  })

  law(
    "holds what an array holds after the same changes",
    fc.property(items, fc.array(action, { maxLength: 30 }), (items, actions) => {
      const model = items.slice()
      let vector = Vector.fromArray(items)
      for (const one of actions) {
        const before = vector
        const kept = Vector.toArray(before)
        if ("push" in one) {
          model.push(one.push)
          vector = Vector.push(vector, one.push)
        } else {
          const inside = one.at >= 0 && one.at < model.length
          const same = !inside || model[one.at] === one.item
          if (inside) model[one.at] = one.item
          vector = Vector.set(vector, one.at, one.item)
          expect(vector === before).toBe(same)
          const shared = vector.chunks.filter((chunk) => before.chunks.includes(chunk)).length
          expect(shared).toBeGreaterThanOrEqual(vector.chunks.length - 1)
        }
        expect(Vector.toArray(before)).toEqual(kept)
        expect(Vector.toArray(vector)).toEqual(model)
        expect(vector.length).toBe(model.length)
      }
      for (let i = -2; i < model.length + 2; i++) expect(Vector.get(vector, i)).toBe(model[i])
      expect(vector).toEqual(Vector.fromArray(model))
    })
  )
})
