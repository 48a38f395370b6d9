/**
 * Demand: upstreams that are found on first use, and names on demand.
 *
 * A request:
 * - `DomainRequested` names an upstream, or a host and port, without a candidate that is known to serve. If no upstream
 *   has this host and port, one is made from the general sections (where `onDemand.enabled`). On ports of servers that
 *   greet it has no warm sockets.
 * - An upstream without a serving candidate is sampled, once (rules/races.ts). The result is in raced.ts.
 * - The end of a local outage ends the pause of clients that found no candidate, because races in the outage count for
 *   nothing (outage.ts).
 *
 * Uses:
 * - Each client is a use. For `usedWithin` after a use, rounds continue as for preheated upstreams (refresh.ts), and
 *   the resolver is queried (membership.ts). A later use only schedules the next round.
 * - When all candidates have expired, the next use samples anew.
 * - Unused names are dropped (prune.ts). A configured upstream never is.
 */
import * as Candidates from "../candidates.ts"
import { demanded } from "../demanded.ts"
import { domainOf, isLiteral } from "../domain.ts"
import type { UpstreamId } from "../model/Candidate.ts"
import type { UpstreamConfig } from "../model/Config.ts"
import type { DomainRequested } from "../model/Event.ts"
import type { State } from "../model/State.ts"
import type { Step } from "../model/Step.ts"
import { asks } from "../queries.ts"
import { markDirty } from "../requests.ts"
import { isSearched } from "../search.ts"
import { configure, freeSlot, slotOf } from "../slots.ts"
import * as FirstUse from "../upstream/firstUse.ts"
import { isAsking, isPlanned, resolveAt } from "../upstream/resolving.ts"
import { planned } from "../upstream/rounds.ts"
import * as Upstreams from "../upstreams.ts"
import { create, mergeAll } from "../rules/create.ts"
import { asksFor, sample, start } from "../rules/races.ts"
import { remind } from "./history.ts"
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
