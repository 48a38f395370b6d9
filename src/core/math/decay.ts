/**
 * e^-x, computed with `+ - * /` alone.
 *
 * `Math.exp` differs in the last bit between versions of V8 for about one input in ten, so a record of one runtime would not
 * verify on another. The four basic operations are exact on every runtime (IEEE 754), and so is this function.
 *
 * Method: x = n ln 2 + r with 0 <= r < ln 2. e^-r is a Taylor series of 14 terms; the first one left out is below 0.694^15 /
 * 15! = 3e-15, relative. A table of exact halves gives 2^-n. The relative error is below 2e-13.
 */

/** ln 2 in two parts. The high part ends in 21 zero bits, so n times that part is exact for every n used here. */
const LN2_HIGH = 0.693147180369123816490
const LN2_LOW = 1.90821492927058770002e-10
const TERMS = 14
/** Powers of one half: below 2^-1074 there is only zero. */
const HALVES: ReadonlyArray<number> = halves(1075)

function halves(count: number): ReadonlyArray<number> {
  const table: Array<number> = []
  for (let power = 1, i = 0; i < count; i++, power /= 2) table.push(power)
  return table
}

/** e^-x for x > 0; 1 for x <= 0, since a clock that stands still forgets nothing, and for NaN. */
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
 * The weight of the past after `elapsed`: e^(-elapsed/constant), both in the same unit. With a constant of 0 the weight is 0 as
 * soon as any time has gone by.
 */
export function decay(elapsed: number, constant: number): number {
  if (constant <= 0) return elapsed > 0 ? 0 : 1
  return expNegative(elapsed / constant)
}
