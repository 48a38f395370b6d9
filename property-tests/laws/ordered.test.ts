import fc from "fast-check"
import { describe, expect } from "vitest"
import * as Ordered from "../../src/core/data/Ordered.ts"
import { law } from "../check.ts"

type Pair = readonly [key: number, id: number]
const pair: fc.Arbitrary<Pair> = fc.tuple(
  fc.oneof(fc.nat(6), fc.double({ min: -5, max: 5, noNaN: true }).map((n) => n + 0)),
  fc.nat(9)
)
const actions = fc.array(fc.record({ insert: fc.boolean(), pair }), { maxLength: 120, size: "max" })

function pairsOf(tree: Ordered.Ordered): Array<Pair> {
  const all: Array<Pair> = []
  Ordered.visit(tree, (key, id) => all.push([key, id]) > 0)
  return all
}

/** Whether sizes are right and no side outweighs the other more than the balance allows. */
function isBalanced(tree: Ordered.Ordered): boolean {
  if (tree === null) return true
  const [left, right] = [Ordered.size(tree.left) + 1, Ordered.size(tree.right) + 1]
  return tree.size === left + right - 1 && left <= 3 * right && right <= 3 * left && isBalanced(tree.left)
    && isBalanced(tree.right)
}

describe("Ordered", () => {
  law(
    "holds what a sorted array holds after the same changes, and stays balanced",
    fc.property(actions, (actions) => {
      let model: Array<Pair> = []
      let tree: Ordered.Ordered = Ordered.empty
      for (const { insert, pair: [key, id] } of actions) {
        const before = tree
        const kept = pairsOf(before)
        const had = model.some((other) => other[0] === key && other[1] === id)
        model = model.filter((other) => other[0] !== key || other[1] !== id)
        if (insert) model.push([key, id])
        model.sort((a, b) => a[0] - b[0] || a[1] - b[1])
        tree = insert ? Ordered.insert(tree, key, id) : Ordered.remove(tree, key, id)
        expect(pairsOf(tree)).toEqual(model)
        expect(pairsOf(before)).toEqual(kept)
        if (!insert && !had) expect(tree).toBe(before)
        expect(isBalanced(tree)).toBe(true)
        const first = Ordered.first(tree)
        expect(first === null ? undefined : [first.key, first.id]).toEqual(model[0])
      }
      expect(pairsOf(Ordered.fromPairs(model.toReversed()))).toEqual(model)
    }),
    { share: 0.5 }
  )

  law(
    "visits in order, and stops where the visitor says",
    fc.property(fc.array(pair, { maxLength: 30 }), fc.integer({ min: 1, max: 40 }), (pairs, most) => {
      const tree = Ordered.fromPairs(pairs)
      const seen: Array<Pair> = []
      const through = Ordered.visit(tree, (key, id) => seen.push([key, id]) < most)
      expect(seen).toEqual(pairsOf(tree).slice(0, most))
      expect(through).toBe(Ordered.size(tree) < most)
      const from = pairs[0]?.[0] ?? 0
      const late: Array<Pair> = []
      Ordered.visitFrom(tree, from, (key, id) => late.push([key, id]) < most)
      expect(late).toEqual(pairsOf(tree).filter(([key]) => key >= from).slice(0, most))
    })
  )
})
