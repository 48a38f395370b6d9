/**
 * The ladder: who serves when nobody can be chosen.
 *
 *   active     the set serves, or the best outside it (serving.ts)
 *   stale      the last active set of which nothing was heard for `scoreTtl`, at most `staleFor`; then whom earlier runs knew
 *              and nobody has heard of yet (reducers/history.ts)
 *   fallback   the fallback list, in order
 *   system     the addresses that the system's resolver has for `host`, asked when a client needs them
 *   unranked   without `host`: the list in its configured order
 *   disabled   the last rung by wish: `enabled: false`, `bypass`; also an upstream that was removed
 *
 * The first rung that has somebody is the state of the routes; which one it is follows from the state of the core alone, so
 * the return is automatic. A client that finds nobody on its rung goes on down the ladder within its deadline; behind the
 * system's addresses the list comes, for when the resolver is silent as well.
 *
 * Where a proof of identity is asked for, who failed it is on no rung, and who has not given it yet gives it to the client's dial
 * (reducers/identity.ts).
 *
 * When every breaker is open but for the one that is kept closed (the last never opens), and that one has failed as often as
 * would have opened it, nobody serves: it is one attempt before the rung. While its sessions are what makes it suspect it is none:
 * it would connect, keep every client from the rung, and then fail it; clients try it again once the suspicion lapses. Where
 * nothing but the list is left it stays first.
 *
 * When all candidates fail together (reducers/commonCause.ts), the rung below the set serves, and the order of before joins its race: it
 * is first where nothing but the list is left.
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
  /** Whom clients are sent to before the lists that follow. */
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

/** The best of those that serve on the word of an earlier run, as many as the set is large. */
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

/** The one whose breaker would be open if it were not the last; -1 when there is none. */
export function panicCandidateOf(state: State, upstream: Upstream): CandidateId {
  if (upstream.listed.length === 0 || upstream.shut < upstream.listed.length - 1) return -1
  const last = upstream.listed.find((id) => Candidates.find(state, id)?.breaker.state === "closed")
  return last !== undefined && isAtThreshold(state, last) ? last : -1
}

/** Whether its failures in a row are as many as open a breaker. */
function isAtThreshold(state: State, id: CandidateId): boolean {
  const candidate = Candidates.find(state, id)
  if (candidate === undefined) return false
  const { enabled, failureThreshold } = Candidates.configOf(state, candidate).breaker
  const { consecutive, consecutiveAfter } = candidate.breaker
  return enabled && (consecutive >= failureThreshold || consecutiveAfter >= failureThreshold)
}

/** Whose failures in a row an event changed across the limit: their upstreams' rung may be another one. */
export function thresholdChanged(before: State, after: State, event: Event): ReadonlyArray<Candidate> {
  const named = "tried" in event
    ? event.tried.map(({ candidate }) => candidate)
    : "candidate" in event
    ? [event.candidate]
    : []
  const counted = named.filter((id) => Candidates.find(before, id)?.breaker !== Candidates.find(after, id)?.breaker)
  return Candidates.among(after, counted.filter((id) => isAtThreshold(before, id) !== isAtThreshold(after, id)))
}
