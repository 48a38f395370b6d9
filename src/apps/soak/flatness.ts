/** Whether a course of values is flat. */

/**
 * By how many percent the last third lies above the second one; null: there are too few values. `least` compares the least
 * value of each: for memory, which falls back to it at each collection.
 */
export function flatness(course: ReadonlyArray<number | null>, by: "least" | "median"): number | null {
  const third = Math.floor(course.length / 3)
  const of = (from: number, to: number) => {
    const values = course.slice(from, to).filter((value) => value !== null && value >= 0).toSorted((a, b) =>
      (a ?? 0) - (b ?? 0)
    )
    return values[by === "least" ? 0 : Math.floor(values.length / 2)]
  }
  const before = of(third, 2 * third)
  const after = of(2 * third, course.length)
  return third < 2 || typeof before !== "number" || typeof after !== "number" || before <= 0
    ? null
    : 100 * (after / before - 1)
}
