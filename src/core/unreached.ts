/**
 * Unreached: an upstream without an answer of any candidate for long, or a name without addresses. It is asked less and less often.
 *
 * The next question comes after as long as has gone by without an answer, less up to a tenth, drawn. So the distance between questions
 * doubles, and the end of an outage is noticed within the length of the outage. The least distance is the usual one, the greatest six times `scoreTtl`.
 */
import { jitteredMs } from "./math/backoff.ts"
import * as Rng from "./math/Rng.ts"
import type { UpstreamId } from "./model/Candidate.ts"
import type { State } from "./model/State.ts"
import type { Upstream } from "./model/Upstream.ts"
import { planned, roundAt, unheardFrom } from "./upstream/rounds.ts"
import * as Upstreams from "./upstreams.ts"

export const MOST_TTLS = 6
/** An answer is known to the second, and a sample that a client brought may let a round be left out. */
const ROUNDS = 2
const PRECISE_US = 1_000_000

/** Whether two rounds or more brought no answer. */
export function isUnreached(state: State, { id, unheardSinceUs }: Upstream): boolean {
  const { intervalMs } = Upstreams.configOf(state, id).probing
  return unheardSinceUs >= 0 && state.at - unheardSinceUs >= ROUNDS * intervalMs * 1000 + PRECISE_US
}

/** For how long none of its candidates has answered, in ms, up to six times `scoreTtl`; 0: that is not long. */
export function unreachedMs(state: State, id: UpstreamId): number {
  const upstream = Upstreams.find(state, id)
  if (upstream === undefined || !isUnreached(state, upstream)) return 0
  return Math.min((state.at - upstream.unheardSinceUs) / 1000, MOST_TTLS * Upstreams.configOf(state, id).scoreTtlMs)
}

/** How long to wait before the next question of what has not answered since then, with the generator after the draw. */
export function backedOff(state: State, sinceUs: number, leastUs: number, scoreTtlMs: number) {
  const fullUs = Math.min(state.at - sinceUs, MOST_TTLS * scoreTtlMs * 1000)
  if (fullUs <= leastUs) return { waitUs: leastUs, rng: state.rng }
  const drawn = Rng.uniform(state.rng)
  return { waitUs: Math.max(leastUs, Math.ceil(jitteredMs(fullUs, drawn.value))), rng: drawn.rng }
}

/** The upstream with its next round planned, and how long that is away. */
export function nextRound(state: State, upstream: Upstream) {
  const { probing, scoreTtlMs } = Upstreams.configOf(state, upstream.id)
  const intervalUs = probing.intervalMs * 1000
  // While the machine slept nothing was asked.
  const slept = state.at - upstream.roundDueUs > intervalUs
  const awake = slept ? unheardFrom(upstream, state.at) : upstream
  const { waitUs, rng } = isUnreached(state, awake)
    ? backedOff(state, awake.unheardSinceUs, intervalUs, scoreTtlMs)
    : { waitUs: intervalUs, rng: state.rng }
  const dueUs = upstream.roundDueUs + waitUs
  const roundDueUs = dueUs > state.at ? dueUs : state.at + waitUs
  return { next: Upstreams.replace({ ...state, rng }, upstream, roundAt(awake, roundDueUs)), waitUs }
}

/** As at the beginning: the next round comes after so many intervals at the latest, and those that follow as often as they do then. */
export function hurried(state: State, id: UpstreamId, intervals: number): State {
  const upstream = Upstreams.find(state, id)
  if (upstream === undefined) return state
  const roundDueUs = Math.min(
    upstream.roundDueUs,
    state.at + intervals * Upstreams.configOf(state, id).probing.intervalMs * 1000
  )
  return Upstreams.replace(state, upstream, planned(upstream, roundDueUs, state.at))
}
