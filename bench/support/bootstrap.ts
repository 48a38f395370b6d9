/**
 * Paired bootstrap: how sure a difference between two rules is that were measured on the same files. Files are drawn with
 * replacement, as many as there are, and the means of both rules over the drawn files are compared.
 */
import * as Rng from "../../src/core/math/Rng.ts"
import { quantile } from "../lab/measure.ts"

const DRAWS = 10_000

export interface Difference {
  /** Mean of `with` less that of `without`, and where the middle 90 % of all draws lie. */
  readonly mean: number
  readonly from: number
  readonly to: number
}

export interface Compared {
  readonly differences: ReadonlyArray<Difference>
  /** The share of draws in which no figure is worse (greater). */
  readonly noWorse: number
}

/** Compares the figures (the less, the better) of a file with a rule and without it. The same seed gives the same draws. */
export function bootstrap(
  withRule: ReadonlyArray<ReadonlyArray<number>>,
  without: ReadonlyArray<ReadonlyArray<number>>,
  seed = 1
): Compared {
  const gaps = withRule.map((figures, file) => figures.map((figure, i) => figure - (without[file]?.[i] ?? Number.NaN)))
  const figures = gaps[0]?.map((_, i) => i) ?? []
  const meanOf = (files: ReadonlyArray<number>, figure: number) =>
    files.reduce((sum, file) => sum + (gaps[file]?.[figure] ?? Number.NaN), 0) / files.length
  let rng = Rng.make(seed)
  const draws = Array.from({ length: DRAWS }, () => {
    const files = gaps.map(() => {
      const drawn = Rng.uniform(rng)
      rng = drawn.rng
      return Math.floor(drawn.value * gaps.length)
    })
    return figures.map((figure) => meanOf(files, figure))
  })
  return {
    differences: figures.map((figure) => {
      const all = draws.map((means) => means[figure] ?? Number.NaN)
      return { mean: meanOf(gaps.map((_, file) => file), figure), from: quantile(all, 0.05), to: quantile(all, 0.95) }
    }),
    noWorse: draws.filter((means) => means.every((mean) => mean <= 0)).length / DRAWS
  }
}
