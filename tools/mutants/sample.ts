/** Chooses mutants by a seed. A larger sample of the same seed holds the smaller one. */
import { hash, toHex } from "../../src/core/math/hash.ts"
import type { Mutant } from "./Mutant.ts"

export function sampled<M extends Mutant>(mutants: ReadonlyArray<M>, size: number, seed: number): ReadonlyArray<M> {
  return mutants.map((mutant) => ({ mutant, rank: toHex(hash(`${seed} ${mutant.key}`)) }))
    .sort((a, b) => (a.rank < b.rank ? -1 : a.rank > b.rank ? 1 : 0))
    .slice(0, size)
    .map(({ mutant }) => mutant)
}
