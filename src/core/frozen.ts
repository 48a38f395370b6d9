/**
 * What an outage explains. It is an outage of this machine's own network (reducers/outage.ts), or of all candidates of an
 * upstream (reducers/commonCause.ts).
 */
import * as Candidates from "./candidates.ts"
import type { Candidate, Endpoint } from "./model/Candidate.ts"
import type { State } from "./model/State.ts"
import { needsNetwork } from "./network.ts"
import { isCommon } from "./upstream/trouble.ts"
import * as Upstreams from "./upstreams.ts"

/**
 * Whether the candidate's record stays as it is: its network is down, or it had worked and all candidates of its upstream
 * fail.
 */
export function isFrozen(state: State, candidate: Candidate): boolean {
  if (state.outage.sinceUs >= 0 && needsNetwork(candidate.host)) return true
  const upstream = Upstreams.find(state, candidate.upstream)
  return upstream !== undefined && isCommon(upstream) && candidate.latency.atUs >= 0
}

/**
 * Whether what began at `beganUs` falls into an outage of the network: the present one, or the last one if it had not ended
 * then. What is decided in the step that ends an outage has the moment of that step, and goes out after it.
 */
export function isExcused(state: State, id: Endpoint, beganUs: number): boolean {
  const { sinceUs, endedAtUs } = state.outage
  return (sinceUs >= 0 || (endedAtUs >= 0 && beganUs < endedAtUs)) && isFar(state, id)
}

/** Whether the candidate is reached over the network, and not on this machine. */
export function isFar(state: State, id: Endpoint): boolean {
  const candidate = Candidates.find(state, id)
  return candidate !== undefined && needsNetwork(candidate.host)
}

/** After a return all waiting connections are made at once. For this long their handshakes say nothing about latency. */
const RUSH_US = 1_000_000
/** A handshake is slow if it takes more than this multiple of the latency known before. */
const MOST_OF_LATENCY = 1.25

/**
 * Whether a handshake is slow because of the rush after a return, of all candidates of the upstream or of this machine's own
 * network. Such a handshake says that the candidate is back, and nothing about its latency.
 */
export function isRushed(state: State, candidate: Candidate, tookMs: number, beganUs: number): boolean {
  if (candidate.latency.atUs < 0 || tookMs <= MOST_OF_LATENCY * candidate.latency.value) return false
  const returnedAtUs = Upstreams.find(state, candidate.upstream)?.returnedAtUs ?? -1
  const { endedAtUs } = state.outage
  return (returnedAtUs >= 0 && beganUs < returnedAtUs + RUSH_US)
    || (endedAtUs >= 0 && beganUs < endedAtUs + RUSH_US && needsNetwork(candidate.host))
}

/** Whether a failure that began at `beganUs` says nothing about the candidate: the network or a common cause explains it. */
export function isFailureExcused(state: State, id: Endpoint, beganUs: number): boolean {
  const candidate = Candidates.find(state, id)
  return candidate !== undefined
    && (isLate(state, id, beganUs) || isFrozen(state, candidate) || isExcused(state, id, beganUs))
}

/** Whether what began at `beganUs` began before its upstream's last common cause ended. */
export function isLate(state: State, id: Endpoint, beganUs: number): boolean {
  const returnedAtUs = Upstreams.find(state, Candidates.find(state, id)?.upstream)?.returnedAtUs ?? -1
  return returnedAtUs >= 0 && beganUs < returnedAtUs
}
