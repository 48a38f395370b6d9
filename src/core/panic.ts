/**
 * Panic mode: no candidate of an upstream is healthy, so clients rely on the ladder (Envoy: panic threshold; Finagle:
 * `PanicMode`). All that is special about the last closed breaker stands here.
 *
 * The last closed breaker never opens, because one candidate must be left to try. A candidate that failed its proof of
 * identity does not count as such a candidate. (When all candidates of a list are shut, rules/roster.ts lets one in.)
 *
 * Panic mode begins in two ways:
 *
 * - *Last closed breaker.* All breakers are open but the last, and its candidate is at threshold: it failed as often in a
 *   row as opens a breaker. It is the panic candidate.
 * - *Common cause.* Every candidate of the order failed (reducers/commonCause.ts), and there were as many failures as open
 *   a breaker.
 *
 * In panic mode no candidate serves (serving.ts), no candidate is searched for new clients (needsDiscovery.ts), and clients
 * go down the ladder (ladder.ts):
 *
 * - The panic candidate is one attempt before the rung. It is no stale member and no prior.
 * - While its sessions make it suspect, it is no attempt. It would connect, keep every client from the rung, and then fail
 *   them. Clients try it again when the suspicion lapses.
 * - In a common cause, stale members and priors fail as well, so the rung below them serves. The earlier order of candidates
 *   joins its race.
 * - Where only the list is left, the panic candidate or that order comes first in any case.
 */
import * as Candidates from "./candidates.ts"
import type { Candidate, CandidateId, CandidateRef, UpstreamId } from "./model/Candidate.ts"
import type { Event } from "./model/Event.ts"
import type { State } from "./model/State.ts"
import type { Upstream } from "./model/Upstream.ts"
import { isCommon, orderOf } from "./upstream/trouble.ts"
import * as Upstreams from "./upstreams.ts"

const NO_UPSTREAMS: ReadonlyArray<UpstreamId> = []

/** What panic mode changes on the ladder. */
export interface Panic {
  /** The panic candidate; undefined: there is a common cause. */
  readonly candidate: CandidateId | undefined
  /** Clients go to these before the lists of the rung. */
  readonly first: ReadonlyArray<CandidateId>
  /** Candidates that join the race behind the first of these lists. */
  readonly then: ReadonlyArray<CandidateId>
}

/** The panic mode of an upstream; null: it is in none. `hasListOnly`: no other rung than the list is left. */
export function panicOf(state: State, upstream: Upstream, hasListOnly: boolean): Panic | null {
  if (isCommonPanic(state, upstream)) {
    const then = orderOf(state, upstream)
    return { candidate: undefined, first: hasListOnly ? then : [], then }
  }
  const candidate = panicCandidateOf(state, upstream)
  if (candidate === undefined) return null
  const failsClients = Candidates.find(state, candidate)?.suspicion.session === true
  return { candidate, first: failsClients && !hasListOnly ? [] : [candidate], then: [] }
}

export function isPanic(state: State, upstream: Upstream): boolean {
  return isCommonPanic(state, upstream) || panicCandidateOf(state, upstream) !== undefined
}

/** Whether there is a common cause, and so many failures came in it as open a breaker. */
export function isCommonPanic(state: State, upstream: Upstream): boolean {
  const { trouble } = upstream
  return trouble !== null && isCommon(upstream)
    && trouble.failures >= Upstreams.configOf(state, upstream.id).breaker.failureThreshold
}

/** The candidate that is at threshold and has a closed breaker only because it is the last; undefined: there is none. */
function panicCandidateOf(state: State, upstream: Upstream): CandidateId | undefined {
  if (upstream.listed.length === 0 || !isOneClosed(upstream)) return undefined
  const last = upstream.listed.find((id) => Candidates.find(state, id)?.breaker.state === "closed")
  return last !== undefined && isAtThreshold(state, last) ? last : undefined
}

/** Whether the candidate's breaker is the last closed one, and stays closed. */
export function isLastClosed(state: State, candidate: Candidate): boolean {
  const upstream = Upstreams.find(state, candidate.upstream)
  return upstream !== undefined && (isOneClosed(upstream) || isLastProven(state, candidate))
}

/** Whether every listed candidate but one is shut out. */
function isOneClosed({ shut, listed }: Upstream): boolean {
  return shut >= listed.length - 1
}

/** Whether no other candidate that works has proven its identity (reducers/identity.ts). */
function isLastProven(state: State, { upstream, identity, costMs }: Candidate): boolean {
  if (identity.state === "failed" || Candidates.impostorsOf(state, upstream) === 0) return false
  return Candidates.rankedOf(state, upstream) <= (costMs >= 0 && identity.state === "verified" ? 1 : 0)
}

/** Whether it failed as often in a row as opens a breaker. */
function isAtThreshold(state: State, id: CandidateRef): boolean {
  const candidate = Candidates.find(state, id)
  if (candidate === undefined) return false
  const { enabled, failureThreshold } = Candidates.configOf(state, candidate).breaker
  const { consecutive, consecutiveAfter } = candidate.breaker
  return enabled && (consecutive >= failureThreshold || consecutiveAfter >= failureThreshold)
}

/** The upstreams of candidates that crossed the threshold with this event: their panic mode may have changed. */
export function thresholdCrossed(before: State, after: State, event: Event): ReadonlyArray<UpstreamId> {
  if (!("tried" in event)) return "candidate" in event ? upstreamOfCrossed(before, after, event.candidate) : NO_UPSTREAMS
  return event.tried.flatMap(({ candidate }) => upstreamOfCrossed(before, after, candidate))
}

function upstreamOfCrossed(before: State, after: State, id: CandidateRef): ReadonlyArray<UpstreamId> {
  const is = Candidates.find(after, id)
  if (is === undefined || Candidates.find(before, id)?.breaker === is.breaker) return NO_UPSTREAMS
  return isAtThreshold(before, id) === isAtThreshold(after, id) ? NO_UPSTREAMS : [is.upstream]
}
