/**
 * e^-x from `+ - * /` alone.
 *
 * `Math.exp` differs in the last bit between V8 versions on about one input in ten, so a record made on one runtime would
 * not verify on another. The four basic operations are exact everywhere (IEEE 754), hence so is this.
 *
 * Method: x = n ln 2 + r with 0 <= r < ln 2; e^-r by its Taylor series (14 terms: the first one left out is below
 * 0.694^15 / 15! = 3e-15 relative), scaled by 2^-n from a table of exact halves. Relative error below 2e-13.
 */

/** ln 2 split in two: the high part has 21 trailing zero bits, so n times it is exact for every n used here. */
const LN2_HIGH = 0.693147180369123816490
const LN2_LOW = 1.90821492927058770002e-10
const TERMS = 14
/** Below 2^-1074 nothing is left but zero. */
const HALVES: ReadonlyArray<number> = halves(1075)

function halves(count: number): ReadonlyArray<number> {
  const table: Array<number> = []
  for (let power = 1, i = 0; i < count; i++, power /= 2) table.push(power)
  return table
}

/** e^-x for x >= 0; 1 for x <= 0 (a clock that stands still forgets nothing) and for NaN. */
export function expNegative(x: number): number {
  if (!(x > 0)) return 1
  if (x > 745) return 0
  const n = Math.floor(x / (LN2_HIGH + LN2_LOW))
  const r = x - n * LN2_HIGH - n * LN2_LOW
  let sum = 1
  for (let k = TERMS; k >= 1; k--) sum = 1 - (r / k) * sum
  return sum * (HALVES[n] ?? 0)
}

/**
 * What is left of the past after `elapsed` time units with time constant `constant` (same unit): e^(-elapsed/constant).
 * A constant of 0 forgets at once.
 */
export function decay(elapsed: number, constant: number): number {
  if (constant <= 0) return elapsed > 0 ? 0 : 1
  return expNegative(elapsed / constant)
}
