/**
 * Unreached: an upstream without an answer of any candidate for long, or a name without addresses. It is probed or queried
 * less and less often.
 *
 * The next try comes after as long as has passed without an answer, less up to a tenth, drawn. So the distance between tries
 * doubles, and the end of an outage is noticed within the length of the outage. The least distance is the usual one, the
 * greatest is six times `scoreTtl`.
 */
import { jitteredMs } from "./math/backoff.ts"
import * as Rng from "./math/Rng.ts"
import type { UpstreamId } from "./model/Candidate.ts"
import type { State } from "./model/State.ts"
import type { Upstream } from "./model/Upstream.ts"
import { planned, roundAt, unheardFrom } from "./upstream/rounds.ts"
import * as Upstreams from "./upstreams.ts"

export const MOST_TTLS = 6
/** The moment of an answer is known to the second, and a sample from a client may replace a round. */
const ROUNDS = 2
const PRECISE_US = 1_000_000

/** Whether two rounds or more brought no answer. */
export function isUnreached(state: State, { id, unheardSinceUs }: Upstream): boolean {
  const { intervalMs } = Upstreams.configOf(state, id).probing
  return unheardSinceUs >= 0 && state.at - unheardSinceUs >= ROUNDS * intervalMs * 1000 + PRECISE_US
}

/** How long no candidate of the upstream has answered, in ms, up to six times `scoreTtl`; 0: not for long. */
export function unreachedMs(state: State, id: UpstreamId): number {
  const upstream = Upstreams.find(state, id)
  if (upstream === undefined || !isUnreached(state, upstream)) return 0
  return Math.min((state.at - upstream.unheardSinceUs) / 1000, MOST_TTLS * Upstreams.configOf(state, id).scoreTtlMs)
}

/** How long to wait before the next try, without an answer since `sinceUs`, and the generator after the draw. */
export function backedOff(state: State, sinceUs: number, leastUs: number, scoreTtlMs: number) {
  const fullUs = Math.min(state.at - sinceUs, MOST_TTLS * scoreTtlMs * 1000)
  if (fullUs <= leastUs) return { waitUs: leastUs, rng: state.rng }
  const drawn = Rng.uniform(state.rng)
  return { waitUs: Math.max(leastUs, Math.ceil(jitteredMs(fullUs, drawn.value))), rng: drawn.rng }
}

/** The upstream with its next round planned, and the time until then. */
export function nextRound(state: State, upstream: Upstream) {
  const { probing, scoreTtlMs } = Upstreams.configOf(state, upstream.id)
  const intervalUs = probing.intervalMs * 1000
  // While the machine slept no probe went out.
  const slept = state.at - upstream.roundDueUs > intervalUs
  const awake = slept ? unheardFrom(upstream, state.at) : upstream
  const { waitUs, rng } = isUnreached(state, awake)
    ? backedOff(state, awake.unheardSinceUs, intervalUs, scoreTtlMs)
    : { waitUs: intervalUs, rng: state.rng }
  const dueUs = upstream.roundDueUs + waitUs
  const roundDueUs = dueUs > state.at ? dueUs : state.at + waitUs
  return { next: Upstreams.replace({ ...state, rng }, upstream, roundAt(awake, roundDueUs)), waitUs }
}

/**
 * As at the start: the next round comes after so many intervals at the latest, and later rounds are as frequent as at the
 * start.
 */
export function hurried(state: State, id: UpstreamId, intervals: number): State {
  const upstream = Upstreams.find(state, id)
  if (upstream === undefined) return state
  const roundDueUs = Math.min(
    upstream.roundDueUs,
    state.at + intervals * Upstreams.configOf(state, id).probing.intervalMs * 1000
  )
  return Upstreams.replace(state, upstream, planned(upstream, roundDueUs, state.at))
}
