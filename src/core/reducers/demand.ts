/**
 * Demand: upstreams that are found on first use, and names on demand.
 *
 * A request:
 * - `DomainRequested` names an upstream, or a host and port, without a candidate that is known to serve. If no upstream
 *   has this host and port, one is made from the general sections (where `onDemand.enabled`). On ports of servers that
 *   greet it has no warm sockets.
 * - An upstream without a serving candidate is sampled: the resolver is queried, and the known candidates race at once.
 *   Without known candidates the addresses of the resolver's answer race (race.ts). This happens once, however many
 *   clients wait.
 *
 * The result:
 * - The winner serves at once. Its socket waits for the first client. The next `challengers` of the list join the
 *   backlog of the queue for probes.
 * - If no candidate answers, or there is none to race, clients go down the ladder for `retryAfter` before they may
 *   cause the next attempt. This pause grows, up to six times `scoreTtl`, until a candidate has answered
 *   (unreached.ts). The end of a local outage ends it, because races in the outage count for nothing (outage.ts).
 * - While no address of a long list has answered, one race follows the other: a search (search.ts). This includes
 *   preheated upstreams.
 *
 * Uses:
 * - Each client is a use. For `usedWithin` after a use, rounds continue as for preheated upstreams (refresh.ts), and
 *   the resolver is queried (membership.ts). A later use only schedules the next round.
 * - When all candidates have expired, the next use samples anew.
 * - Unused names are dropped (prune.ts). A configured upstream never is.
 */
import { needsDiscovery } from "../needsDiscovery.ts"
import * as Queue from "../candidate/queue.ts"
import * as Warm from "../candidate/warm.ts"
import * as Candidates from "../candidates.ts"
import { demanded } from "../demanded.ts"
import { domainOf, isLiteral } from "../domain.ts"
import { isExcused } from "../frozen.ts"
import type { Endpoint, UpstreamId } from "../model/Candidate.ts"
import type { UpstreamConfig } from "../model/Config.ts"
import type { DomainRequested, Raced } from "../model/Event.ts"
import type { State } from "../model/State.ts"
import type { Step } from "../model/Step.ts"
import type { Upstream } from "../model/Upstream.ts"
import { decide, markDirty, requestProbes, requestRoutes } from "../requests.ts"
import { configure, freeSlot, slotOf } from "../slots.ts"
import { racePlan } from "../race.ts"
import { isSearched, searchOf } from "../search.ts"
import { serving } from "../serving.ts"
import { backedOff } from "../unreached.ts"
import * as FirstUse from "../upstream/firstUse.ts"
import { isAsking, isPlanned, resolveAt } from "../upstream/resolving.ts"
import { planned } from "../upstream/rounds.ts"
import * as Upstreams from "../upstreams.ts"
import { ask, asks } from "../queries.ts"
import { remind } from "./history.ts"
import { triedInVain } from "../rules/brief.ts"
import { create, mergeAll } from "../rules/create.ts"
import { prune, pruneAt, withRoom } from "./prune.ts"

export function demand(state: State, step: Step, returned: boolean): State {
  let next = state
  for (const { kind, id } of step.due) {
    if (kind === "pause") next = resumed(next, step, id)
    if (kind === "prune") next = prune(next, step)
  }
  // No candidate could be found during the local outage: that says nothing.
  if (returned) {
    for (const { id, pausedUntilUs } of Upstreams.all(next)) {
      if (pausedUntilUs >= 0) next = resumed(next, step, id)
    }
  }
  const { event } = step
  switch (event._tag) {
    case "DomainRequested":
      return requested(next, step, event)
    case "ClientAccepted": {
      const id = Candidates.find(next, event.candidate)?.upstream ?? event.upstream
      return used(next, id)
    }
    case "Resolved":
    case "ResolveFailed": {
      const upstream = Upstreams.find(next, event.upstream)
      if (upstream === undefined || !FirstUse.isAwaiting(upstream)) return next
      // An answer to an older query leaves the present one under way. A part of an answer that names an address is
      // enough.
      return !isAsking(upstream) || upstream.listed.length > 0 ? start(next, step, event.upstream) : next
    }
    case "Raced":
      return raced(next, step, event)
    case "WorkerLost":
      return event.worker === 0 ? abandoned(next, step) : next
    case "Started":
      return restarted(next, step)
    default:
      return next
  }
}

function requested(state: State, step: Step, { upstream: told, host, port }: DomainRequested): State {
  const domain = domainOf(host, port)
  let id = told === "none" ? slotOf(state, domain) : told
  let next = state
  if (id === undefined) {
    if (!state.config.onDemand.enabled) return state
    next = withRoom(next, step)
    id = freeSlot(next)
    next = born(next, step, id, { host, port, name: domain })
  }
  next = used(next, id)
  const upstream = Upstreams.find(next, id)
  if (upstream === undefined || !asksFor(next, upstream)) return next
  const searchUntilUs = isSearched(next, upstream) ? step.at + next.config.onDemand.singleFlightTimeoutMs * 1000 : -1
  // Clients that come during a search prolong it.
  if (FirstUse.isRacing(upstream)) {
    return upstream.searchUntilUs < 0 || searchUntilUs < 0
      ? next
      : Upstreams.replace(next, upstream, FirstUse.searchedUntil(upstream, searchUntilUs))
  }
  const wanted = FirstUse.searchedUntil(upstream, searchUntilUs)
  return sample(Upstreams.replace(next, upstream, wanted), step, wanted)
}

function asksFor(state: State, upstream: Upstream): boolean {
  return needsDiscovery(state, upstream, serving(state, upstream).length > 0)
}

function born(state: State, step: Step, id: UpstreamId, own: Pick<UpstreamConfig, "host" | "port" | "name">): State {
  const { onDemand } = state.config
  const { pruneDueUs } = state
  markDirty(step, id)
  const placed = create(configure(state, id, demanded(state.config, own)), id)
  const next = remind(mergeAll(placed, step, id), step, id)
  return pruneDueUs >= 0 ? next : pruneAt(next, step.at + onDemand.pruneIntervalMs * 1000)
}

/** Notes a use. Rounds and queries that had stopped continue one interval later. */
function used(state: State, id: UpstreamId): State {
  const upstream = Upstreams.find(state, id)
  if (upstream === undefined || !Upstreams.notesUse(Upstreams.configOf(state, id))) return state
  const { probing, host } = Upstreams.configOf(state, id)
  const mayAsk = host !== "" && !isLiteral(host) && asks(state, id)
  const { roundDueUs, unheardSinceUs } = upstream
  const laterUs = Upstreams.isOn(state, id) ? state.at + probing.intervalMs * 1000 : -1
  // An unused upstream was not probed, so its silence begins now.
  const resumes = !Upstreams.isProbed(state, id)
  const roundUs = roundDueUs < 0 ? laterUs : resumes ? Math.min(roundDueUs, laterUs) : roundDueUs
  const after = planned(FirstUse.usedAt(upstream, state.at), roundUs, resumes ? state.at : unheardSinceUs)
  return Upstreams.replace(state, upstream, mayAsk && !isPlanned(upstream) ? resolveAt(after, laterUs) : after)
}

/** Queries the resolver. Races the known candidates at once, or else those of the answer. */
function sample(state: State, step: Step, known: Upstream): State {
  const { id, listed } = known
  const next = isAsking(known) ? state : ask(state, step, id)
  const upstream = Upstreams.find(next, id) as Upstream
  if (listed.length > 0 || !isAsking(upstream)) return start(next, step, id)
  return Upstreams.replace(next, upstream, FirstUse.awaiting(upstream))
}

function start(state: State, step: Step, id: UpstreamId): State {
  const upstream = Upstreams.find(state, id) as Upstream
  const isSearch = upstream.searchUntilUs >= 0
  const { plan, searched } = isSearch ? searchOf(state, upstream) : { plan: racePlan(state, upstream), searched: 0 }
  if (plan.attempts.length === 0) return failed(state, step, upstream, "no-candidates")
  const race = state.minted.warm
  const { session: { keepAliveMs }, pool: { maxAgeMs: keepForMs } } = Upstreams.configOf(state, id)
  decide(step, { _tag: "Race", worker: 0, race, upstream: id, plan, keepAliveMs, keepForMs })
  const minted = { ...state.minted, warm: race + 1 }
  return Upstreams.replace({ ...state, minted }, upstream, FirstUse.racing(upstream, race, searched))
}

function raced(before: State, step: Step, { race, upstream: id, candidate, tried, tookUs }: Raced): State {
  const upstream = Upstreams.find(before, id)
  if (upstream === undefined || race <= 0 || upstream.race !== race) return before
  const isSearch = upstream.searchUntilUs >= 0
  const state = isSearch ? searched(before, step, tried) : before
  const over = FirstUse.raced(Upstreams.find(state, id) as Upstream)
  const warmed = warmedBy(Upstreams.replace(state, upstream, over), step, candidate, race)
  const winner = Candidates.find(warmed, candidate)
  // A winner that left meanwhile cannot serve.
  const hasLeft = winner !== undefined && !Candidates.isListed(winner)
  if (hasLeft || !step.samples.some((one) => one.candidate === candidate && one.failure === null)) {
    if (winner !== undefined && warmed.warmTotal > state.warmTotal) {
      decide(step, { _tag: "Retire", worker: 0, candidate: winner.id, count: 1 })
    }
    if (isSearch) return warmed
    // Neither a departed winner nor an outage that is over says anything about the other candidates.
    const isMoot = hasLeft || tried.some((one) => isExcused(state, one.candidate, step.at - tookUs))
    return isMoot && state.outage.sinceUs < 0 ? sample(warmed, step, over) : failed(warmed, step, over, "all-failed")
  }
  markDirty(step, id)
  requestProbes(step)
  decide(step, { _tag: "UpstreamRefreshed", upstream: id, reason: "first-use" })
  const heard = new Set(tried.filter(({ outcome }) => outcome !== "cancelled").map((one) => one.candidate))
  return challenged(warmed, step, upstream, heard)
}

/** Silence in a search counts as a short try. */
function searched(state: State, step: Step, tried: Raced["tried"]): State {
  let next = state
  for (const { candidate, outcome } of tried) if (outcome === "timeout") next = triedInVain(next, step, candidate)
  return next
}

/**
 * Runs once the result of a race is learned. A search continues while clients wait. Clients do not wait for a winner
 * that may not serve.
 */
export function unserved(state: State, step: Step): State {
  if (step.event._tag !== "Raced") return state
  const { upstream: id } = step.event
  const upstream = Upstreams.find(state, id)
  if (upstream === undefined || FirstUse.isRacing(upstream) || !asksFor(state, upstream)) return state
  const goesOn = step.at < upstream.searchUntilUs && isSearched(state, upstream)
  return goesOn ? start(state, step, id) : failed(state, step, upstream, "all-failed")
}

/** The winner's socket becomes a warm socket. The warm pool closes it when there is no room or no such candidate. */
function warmedBy(state: State, step: Step, id: Raced["candidate"], warm: number): State {
  const candidate = Candidates.find(state, id)
  if (candidate === undefined || state.warmTotal >= state.config.poolTotal) {
    if (id !== "none") decide(step, { _tag: "Retire", worker: 0, candidate: id, count: 1 })
    return state
  }
  const next = { ...state, warmTotal: state.warmTotal + 1 }
  return Candidates.replace(next, candidate, Warm.added(candidate, warm))
}

/** The next candidates of the list are measured once. */
function challenged(state: State, step: Step, { id, listed }: Upstream, heard: ReadonlySet<Endpoint>): State {
  const { challengers } = Upstreams.configOf(state, id).probing
  let next = state
  let count = 0
  for (const one of listed) {
    if (count >= challengers) break
    const candidate = heard.has(one) ? undefined : Candidates.find(next, one)
    if (candidate === undefined || candidate.breaker.state !== "closed") continue
    count++
    if (candidate.probe !== 0 || candidate.queue !== "none") continue
    next = Candidates.replace(next, candidate, Queue.queued(candidate, "backlog", step.at))
  }
  return next
}

/** No candidate was found: clients go down the ladder for a while. */
function failed(state: State, step: Step, upstream: Upstream, reason: "all-failed" | "no-candidates"): State {
  const { id } = upstream
  requestRoutes(step, id)
  decide(step, { _tag: "UpstreamRefreshed", upstream: id, reason })
  const leastUs = state.config.onDemand.retryAfterMs * 1000
  const { scoreTtlMs } = Upstreams.configOf(state, id)
  const { waitUs, rng } = backedOff(state, upstream.unheardSinceUs, leastUs, scoreTtlMs)
  return Upstreams.replace({ ...state, rng }, upstream, FirstUse.paused(upstream, step.at + waitUs))
}

function resumed(state: State, step: Step, id: UpstreamId): State {
  const upstream = Upstreams.find(state, id)
  if (upstream === undefined) return state
  markDirty(step, id)
  return Upstreams.replace(state, upstream, FirstUse.resumed(upstream))
}

/** Names on demand of an earlier core count as used just now. */
function restarted(state: State, step: Step): State {
  const { upstreams, onDemand: { pruneIntervalMs } } = state.config
  const ids = upstreams.flatMap((one, id) => one.onDemand && !one.removed ? [id] : [])
  return ids.length === 0 ? state : pruneAt(ids.reduce(used, state), step.at + pruneIntervalMs * 1000)
}

/** The worker that raced is lost: no result will come. */
function abandoned(state: State, step: Step): State {
  const racing = Upstreams.all(state).filter(({ race }) => race !== 0 && race !== "resolving")
  return racing.reduce((next, upstream) => failed(next, step, upstream, "all-failed"), state)
}
