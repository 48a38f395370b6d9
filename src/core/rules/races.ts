/**
 * Races: how a candidate is found on first use.
 *
 * - An upstream without a serving candidate is sampled: the resolver is queried, and the known candidates race at once.
 *   Without known candidates the addresses of the resolver's answer race (race.ts). This happens once, however many
 *   clients wait.
 * - If no candidate answers, or there is none to race, clients go down the ladder for `retryAfter` before they may
 *   cause the next attempt. This pause grows, up to six times `scoreTtl`, until a candidate has answered
 *   (unreached.ts).
 * - While no address of a long list has answered, one race follows the other: a search (search.ts). This includes
 *   preheated upstreams.
 */
import type { UpstreamId } from "../model/Candidate.ts"
import type { State } from "../model/State.ts"
import type { Step } from "../model/Step.ts"
import type { Upstream } from "../model/Upstream.ts"
import { needsDiscovery } from "../needsDiscovery.ts"
import { ask } from "../queries.ts"
import { racePlan } from "../race.ts"
import { decide, requestRoutes } from "../requests.ts"
import { searchOf } from "../search.ts"
import { serving } from "../serving.ts"
import { backedOff } from "../unreached.ts"
import * as FirstUse from "../upstream/firstUse.ts"
import { isAsking } from "../upstream/resolving.ts"
import * as Upstreams from "../upstreams.ts"
import { keepForMs } from "./warmAge.ts"

/** Whether clients wait until a candidate of the upstream is found. */
export function asksFor(state: State, upstream: Upstream): boolean {
  return needsDiscovery(state, upstream, serving(state, upstream).length > 0)
}

/** Queries the resolver. Races the known candidates at once, or else those of the answer. */
export function sample(state: State, step: Step, known: Upstream): State {
  const { id, listed } = known
  const next = isAsking(known) ? state : ask(state, step, id)
  const upstream = Upstreams.find(next, id) as Upstream
  if (listed.length > 0 || !isAsking(upstream)) return start(next, step, id)
  return Upstreams.replace(next, upstream, FirstUse.awaiting(upstream))
}

/** Races the known candidates, or the next part of a long list. */
export function start(state: State, step: Step, id: UpstreamId): State {
  const upstream = Upstreams.find(state, id) as Upstream
  const isSearch = upstream.searchUntilUs >= 0
  const { plan, searched } = isSearch ? searchOf(state, upstream) : { plan: racePlan(state, upstream), searched: 0 }
  if (plan.attempts.length === 0) return failed(state, step, upstream, "no-candidates")
  const race = state.minted.warm
  const { session: { keepAliveMs } } = Upstreams.configOf(state, id)
  decide(step, {
    _tag: "Race",
    worker: 0,
    race,
    upstream: id,
    plan,
    keepAliveMs,
    keepForMs: keepForMs(state, id, 0)
  })
  const minted = { ...state.minted, warm: race + 1 }
  return Upstreams.replace({ ...state, minted }, upstream, FirstUse.racing(upstream, race, searched))
}

/** No candidate was found: clients go down the ladder for a while. */
export function failed(state: State, step: Step, upstream: Upstream, reason: "all-failed" | "no-candidates"): State {
  const { id } = upstream
  requestRoutes(step, id)
  decide(step, { _tag: "UpstreamRefreshed", upstream: id, reason })
  const leastUs = state.config.onDemand.retryAfterMs * 1000
  const { scoreTtlMs } = Upstreams.configOf(state, id)
  const { waitUs, rng } = backedOff(state, upstream.unheardSinceUs, leastUs, scoreTtlMs)
  return Upstreams.replace({ ...state, rng }, upstream, FirstUse.paused(upstream, step.at + waitUs))
}
