/**
 * A seeded random generator as data: four 32-bit integers in the core's state.
 *
 * The algorithm is sfc32 ("small fast counter", Chris Doty-Humphrey, PractRand). It uses shifts, additions and xors of 32-bit
 * integers alone, so it gives the same numbers on every runtime.
 */
export interface Rng {
  readonly a: number
  readonly b: number
  readonly c: number
  readonly counter: number
}

/** A generator for a seed, which is an integer. Twelve draws mix the seed in. */
export function make(seed: number): Rng {
  let rng: Rng = { a: seed >>> 0, b: Math.floor(seed / 0x1_0000_0000) >>> 0, c: 0x9e3779b9, counter: 1 }
  for (let i = 0; i < 12; i++) rng = next(rng).rng
  return rng
}

/** A uniform 32-bit integer, and the generator after the draw. */
export function next(rng: Rng): { readonly value: number; readonly rng: Rng } {
  const value = (rng.a + rng.b + rng.counter) >>> 0
  return {
    value,
    rng: {
      a: (rng.b ^ (rng.b >>> 9)) >>> 0,
      b: (rng.c + (rng.c << 3)) >>> 0,
      c: (((rng.c << 21) | (rng.c >>> 11)) + value) >>> 0,
      counter: (rng.counter + 1) >>> 0
    }
  }
}

/** A uniform number in [0, 1), and the generator after the draw. */
export function uniform(rng: Rng): { readonly value: number; readonly rng: Rng } {
  const drawn = next(rng)
  return { value: drawn.value / 0x1_0000_0000, rng: drawn.rng }
}
