/** Random numbers that are the same in every run with the same seed. */
import * as Rng from "../core/math/Rng.ts"
import type { Chance } from "../core/pick.ts"

export class Draws implements Chance {
  #rng: Rng.Rng
  #turns = 0

  constructor(seed: number) {
    this.#rng = Rng.make(seed)
  }

  /** A number in [0, 1). */
  readonly draw = (): number => {
    const drawn = Rng.uniform(this.#rng)
    this.#rng = drawn.rng
    return drawn.value
  }

  /** A whole number in [0, limit). */
  readonly below = (limit: number): number => Math.floor(this.draw() * limit)

  readonly turn = (): number => this.#turns++
}
