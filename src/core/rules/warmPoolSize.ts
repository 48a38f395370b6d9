/**
 * Shelf size: tells when another number of warm sockets is wanted, without telling of every wobble.
 *
 * The wanted size follows a peak that fades, so it moves by one again and again. Told is growth beyond what was told last,
 * shrinking to half of it or less, and the end of a shelf. So a shelf that breathes is told of a few times a minute at most.
 * Fact `PoolResized`.
 */
import * as Warm from "../candidate/warm.ts"
import * as Candidates from "../candidates.ts"
import type { Candidate } from "../model/Candidate.ts"
import type { State } from "../model/State.ts"
import type { Step } from "../model/Step.ts"
import { decide } from "../requests.ts"

export function resized(state: State, step: Step, candidate: Candidate, wanted: number): State {
  const { target } = candidate.warm
  if (wanted === target || (wanted < target && wanted > target / 2)) return state
  const { upstream, id } = candidate
  decide(step, { _tag: "PoolResized", upstream, candidate: id, from: target, to: wanted })
  return Candidates.replace(state, candidate, Warm.sized(candidate, wanted))
}
