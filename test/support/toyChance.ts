/** Random numbers that are the same in every run. */
import * as Rng from "../../src/core/math/Rng.ts"
import type { Chance } from "../../src/core/pick.ts"

export function chanceOf(seed: number): Chance {
  let rng = Rng.make(seed)
  let turns = 0
  return {
    draw: () => {
      const drawn = Rng.uniform(rng)
      rng = drawn.rng
      return drawn.value
    },
    turn: () => turns++
  }
}
