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
 * Panic mode adds attempts before the rung, or behind its first list (panic.ts).
 */
import * as Candidates from "./candidates.ts"
import type { Candidate, CandidateId } from "./model/Candidate.ts"
import type { LadderReason } from "./model/Decision.ts"
import type { UpstreamState } from "./model/Routes.ts"
import type { State } from "./model/State.ts"
import type { Upstream } from "./model/Upstream.ts"
import { panicOf } from "./panic.ts"
import { orderOf } from "./upstream/trouble.ts"
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
  const panic = panicOf(state, upstream, below === "unranked")
  const reason = reasonOf(state, upstream, panic !== null)
  // In a common cause these fail as well.
  const stale = panic !== null && panic.candidate === undefined ? [] : staleOf(state, upstream, panic?.candidate)
  if (stale.length > 0) return { state: "stale", reason, first: stale, then: [] }
  return { state: below, reason, first: panic?.first ?? [], then: panic?.then ?? [] }
}

/** The stale members, or else the priors, without the panic candidate. */
function staleOf(state: State, upstream: Upstream, panic: CandidateId | undefined): ReadonlyArray<CandidateId> {
  const stale = upstream.stale.filter((id) => id !== panic && mayStillServe(Candidates.find(state, id)))
  return stale.length > 0 ? stale : priorsOf(state, upstream).filter((id) => id !== panic)
}

/** The best priors, as many as the set is large. */
export function priorsOf(state: State, upstream: Upstream): ReadonlyArray<CandidateId> {
  const may = upstream.priors.filter((id) => {
    const candidate = Candidates.find(state, id)
    return mayStillServe(candidate) && !Candidates.isSuspect(candidate)
  })
  return may.slice(0, Upstreams.configOf(state, upstream.id).selector.activeSetSize)
}

function reasonOf(state: State, upstream: Upstream, isPanic: boolean): LadderReason {
  if (upstream.listed.length === 0) return "empty"
  if (isAllImpostors(state, upstream)) return "certificate"
  return isPanic ? "shut" : upstream.selectedAtUs >= 0 ? "expired" : "unmeasured"
}

function isAllImpostors(state: State, { id, listed }: Upstream): boolean {
  return Candidates.impostorsOf(state, id) >= listed.length
}

function mayStillServe(candidate: Candidate | undefined): candidate is Candidate {
  return candidate !== undefined && Candidates.isListed(candidate) && candidate.breaker.state === "closed"
    && candidate.identity.state !== "failed"
}
