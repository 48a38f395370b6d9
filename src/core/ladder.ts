/**
 * The ladder: what serves clients when no candidate can be chosen. Its rungs, from the top:
 *
 * - active: the set serves, or the best candidates outside it (serving.ts).
 * - stale: the last active set, when it had no sample for `scoreTtl`, for `staleFor` at most; then priors, which are
 *   candidates that earlier runs knew and that have no sample yet (reducers/history.ts).
 * - fallback: the fallback list, in order.
 * - system: the addresses that the system's resolver has for `host`. It is queried when a client needs them.
 * - unranked: without `host`, the list in its configured order.
 * - disabled: the last rung on the operator's wish, by `enabled: false` or `bypass`; also for a removed upstream.
 *
 * The state of the routes is the first rung that has a candidate. It follows from the state of the core alone, so the return
 * is automatic. A client that reaches no candidate on its rung goes on down the ladder, within its deadline. The list
 * follows the system's addresses, because the resolver may be silent too.
 *
 * Where a proof of identity is wanted (reducers/identity.ts), a candidate that failed it is on no rung. A candidate that has
 * not given it yet gives it in the client's dial.
 *
 * Panic mode begins when every breaker is open except the last, which never opens, and that candidate is at threshold: it
 * failed as often as opens a breaker. Then no candidate serves.
 *
 * - The panic candidate is one attempt before the rung.
 * - While its sessions make it suspect, it is no attempt. It would connect, keep every client from the rung, and then fail
 *   them. Clients try it again when the suspicion lapses.
 * - Where only the list is left, it stays first.
 *
 * When all candidates fail together (reducers/commonCause.ts), the rung below the set serves. The earlier order of
 * candidates joins its race, and comes first where only the list is left.
 */
import * as Candidates from "./candidates.ts"
import * as Ordered from "./data/Ordered.ts"
import * as Vector from "./data/Vector.ts"
import type { Candidate, CandidateId } from "./model/Candidate.ts"
import type { LadderReason } from "./model/Decision.ts"
import type { Event } from "./model/Event.ts"
import type { UpstreamState } from "./model/Routes.ts"
import type { State } from "./model/State.ts"
import type { Upstream } from "./model/Upstream.ts"
import { isPanic, orderOf } from "./upstream/trouble.ts"
import * as Upstreams from "./upstreams.ts"

export interface Rung {
  readonly state: UpstreamState
  readonly reason: LadderReason
  /** Clients go to these before the lists that follow. */
  readonly first: ReadonlyArray<CandidateId>
  /** Candidates that join the race behind the first list that follows. */
  readonly then: ReadonlyArray<CandidateId>
}

const ACTIVE: Rung = { state: "active", reason: "selected", first: [], then: [] }

export function rungOf(state: State, upstream: Upstream, someServe: boolean): Rung {
  if (someServe) return ACTIVE
  const { removed, bypass, host } = Upstreams.configOf(state, upstream.id)
  if (!Upstreams.isOn(state, upstream.id)) {
    const order = host === "" ? orderOf(state, upstream) : []
    return { state: "disabled", reason: removed ? "removed" : bypass ? "bypass" : "disabled", first: order, then: [] }
  }
  const below = upstream.fallback.length > 0 ? "fallback" : host === "" ? "unranked" : "system"
  if (isPanic(state, upstream)) {
    const order = orderOf(state, upstream)
    return {
      state: below,
      reason: isAllImpostors(state, upstream) ? "certificate" : "shut",
      first: below === "unranked" ? order : [],
      then: order
    }
  }
  const panic = panicCandidateOf(state, upstream)
  const reason = reasonOf(state, upstream, panic)
  const stale = upstream.stale.filter((id) => id !== panic && mayStillServe(Candidates.find(state, id)))
  if (stale.length > 0) return { state: "stale", reason, first: stale, then: [] }
  const priors = priorsOf(state, upstream).filter((id) => id !== panic)
  if (priors.length > 0) return { state: "stale", reason, first: priors, then: [] }
  const isMute = below !== "unranked" && Candidates.find(state, panic)?.suspicion.session === true
  return { state: below, reason, first: panic < 0 || isMute ? [] : [panic], then: [] }
}

/** The best priors, as many as the set is large. */
export function priorsOf(state: State, upstream: Upstream): ReadonlyArray<CandidateId> {
  const may = upstream.priors.filter((id) => {
    const candidate = Candidates.find(state, id)
    return mayStillServe(candidate) && !Candidates.isSuspect(candidate)
  })
  return may.slice(0, Upstreams.configOf(state, upstream.id).selector.activeSetSize)
}

function reasonOf(state: State, upstream: Upstream, panic: CandidateId): LadderReason {
  if (upstream.listed.length === 0) return "empty"
  if (isAllImpostors(state, upstream)) return "certificate"
  return panic >= 0 ? "shut" : upstream.selectedAtUs >= 0 ? "expired" : "unmeasured"
}

function isAllImpostors(state: State, { id, listed }: Upstream): boolean {
  return Ordered.size(Vector.get(state.index.impostors, id) ?? null) >= listed.length
}

function mayStillServe(candidate: Candidate | undefined): candidate is Candidate {
  return candidate !== undefined && Candidates.isListed(candidate) && candidate.breaker.state === "closed"
    && candidate.identity.state !== "failed"
}

/** The candidate that is at threshold and has a closed breaker only because it is the last; -1: there is none. */
export function panicCandidateOf(state: State, upstream: Upstream): CandidateId {
  if (upstream.listed.length === 0 || upstream.shut < upstream.listed.length - 1) return -1
  const last = upstream.listed.find((id) => Candidates.find(state, id)?.breaker.state === "closed")
  return last !== undefined && isAtThreshold(state, last) ? last : -1
}

/** Whether it failed as often in a row as opens a breaker. */
function isAtThreshold(state: State, id: CandidateId): boolean {
  const candidate = Candidates.find(state, id)
  if (candidate === undefined) return false
  const { enabled, failureThreshold } = Candidates.configOf(state, candidate).breaker
  const { consecutive, consecutiveAfter } = candidate.breaker
  return enabled && (consecutive >= failureThreshold || consecutiveAfter >= failureThreshold)
}

/**
 * Candidates that crossed the threshold of failures in a row with this event. The rung of their upstreams may have changed.
 */
export function thresholdChanged(before: State, after: State, event: Event): ReadonlyArray<Candidate> {
  const named = "tried" in event
    ? event.tried.map(({ candidate }) => candidate)
    : "candidate" in event
    ? [event.candidate]
    : []
  const counted = named.filter((id) => Candidates.find(before, id)?.breaker !== Candidates.find(after, id)?.breaker)
  return Candidates.among(after, counted.filter((id) => isAtThreshold(before, id) !== isAtThreshold(after, id)))
}
