/**
 * Size of a warm pool: a fact tells when another number of warm sockets is wanted, but not of every small change.
 *
 * The wanted size follows a peak that fades, so it changes by one again and again. These changes are told:
 * - growth beyond the size that was told last;
 * - shrinking to half of it or less;
 * - the end of a warm pool.
 *
 * So a warm pool that grows and shrinks is told a few times a minute at most. Fact: `PoolResized`.
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
