/** What an outage explains: of this machine's own network (reducers/outage.ts), or of all candidates of an upstream (reducers/commonCause.ts). */
import * as Candidates from "./candidates.ts"
import type { Candidate, CandidateId } from "./model/Candidate.ts"
import type { State } from "./model/State.ts"
import { needsNetwork } from "./network.ts"
import { isCommon } from "./upstream/trouble.ts"
import * as Upstreams from "./upstreams.ts"

/** Whether its record stands still: the network that leads to it is down, or it had worked and all of its upstream fail. */
export function isFrozen(state: State, candidate: Candidate): boolean {
  if (state.outage.sinceUs >= 0 && needsNetwork(candidate.host)) return true
  const upstream = Upstreams.find(state, candidate.upstream)
  return upstream !== undefined && isCommon(upstream) && candidate.latency.atUs >= 0
}

/**
 * Whether what began at `beganUs` had to do with an outage of the network: the one there is, or the last one that had not ended
 * then. What is decided in the step that ends it bears that step's moment and goes out afterwards.
 */
export function isExcused(state: State, id: CandidateId, beganUs: number): boolean {
  const { sinceUs, endedAtUs } = state.outage
  if (sinceUs < 0 && (endedAtUs < 0 || beganUs >= endedAtUs)) return false
  const candidate = Candidates.find(state, id)
  return candidate !== undefined && needsNetwork(candidate.host)
}

/** After a return all that waited connects at once: so long its handshakes tell no distance. */
const RUSH_US = 1_000_000
/** A handshake that takes more than this share of the latency known before is slow. */
const MOST_OF_LATENCY = 1.25

/**
 * Whether a handshake is slow because of the rush after a return: of all candidates of the upstream, or of this machine's own
 * network. Such a handshake tells that the candidate is back, and nothing of its latency.
 */
export function isRushed(state: State, candidate: Candidate, tookMs: number, beganUs: number): boolean {
  if (candidate.latency.atUs < 0 || tookMs <= MOST_OF_LATENCY * candidate.latency.value) return false
  const returnedAtUs = Upstreams.find(state, candidate.upstream)?.returnedAtUs ?? -1
  const { endedAtUs } = state.outage
  return (returnedAtUs >= 0 && beganUs < returnedAtUs + RUSH_US)
    || (endedAtUs >= 0 && beganUs < endedAtUs + RUSH_US && needsNetwork(candidate.host))
}

/** Whether a failure that began at `beganUs` says nothing about the candidate, because of the network or of a common cause. */
export function isFailureExcused(state: State, id: CandidateId, beganUs: number): boolean {
  const candidate = Candidates.find(state, id)
  if (candidate === undefined) return false
  const returnedAtUs = Upstreams.find(state, candidate.upstream)?.returnedAtUs ?? -1
  return (returnedAtUs >= 0 && beganUs < returnedAtUs) || isFrozen(state, candidate) || isExcused(state, id, beganUs)
}
