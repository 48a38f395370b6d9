/**
 * Queries to the resolver for the name of an upstream. `reducers/membership.ts` decides when a query is due and what an
 * answer changes.
 */
import { AT_ONCE_US } from "./deadline.ts"
import { isLiteral } from "./domain.ts"
import type { UpstreamId } from "./model/Candidate.ts"
import type { State } from "./model/State.ts"
import type { Step } from "./model/Step.ts"
import { decide } from "./requests.ts"
import { mayName } from "./sources.ts"
import * as Resolving from "./upstream/resolving.ts"
import * as Upstreams from "./upstreams.ts"

/** Queries the resolver at once, unless a query is under way: the addresses may have been replaced. */
export function hastenedResolve(state: State, step: Step, id: UpstreamId): State {
  const upstream = Upstreams.find(state, id)
  if (upstream === undefined || Resolving.isAsking(upstream) || upstream.resolveDueUs < 0) return state
  return Upstreams.replace(state, upstream, Resolving.resolveAt(upstream, step.at + AT_ONCE_US))
}

/** Queries the resolver for the name of an upstream, if it has one. */
export function ask(state: State, step: Step, id: UpstreamId): State {
  const upstream = Upstreams.find(state, id)
  const { host, dns } = Upstreams.configOf(state, id)
  if (upstream === undefined || host === "" || isLiteral(host) || !asks(state, id)) return state
  const resolve = state.minted.resolve
  const { timeoutMs, maxAnswers, servers } = dns
  decide(step, { _tag: "Resolve", worker: 0, resolve, upstream: id, host, timeoutMs, maxAnswers, servers })
  const next: State = { ...state, minted: { ...state.minted, resolve: resolve + 1 } }
  // An answer may take longer than the refresh. The next query must not overtake it time and again.
  const resolveDueUs = step.at + (dns.refreshMs + timeoutMs) * 1000
  return Upstreams.replace(next, upstream, Resolving.asked(upstream, resolve, resolveDueUs))
}

/** Whether the resolver is queried for the upstream at all. */
export function asks(state: State, id: UpstreamId): boolean {
  return Upstreams.isOn(state, id) && mayName(state.config, "dns")
}
