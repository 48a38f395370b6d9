/**
 * Demand: upstreams that are found on first use, and names that clients ask for.
 *
 * - `DomainRequested` names an upstream, or a host and port, that nobody is known to serve. If no upstream has them, one is made
 *   from the general sections (where `onDemand.enabled`); on ports whose servers greet it keeps no warm sockets. If nobody of it
 *   serves, it is sampled: the resolver is asked, and who is known races at once, else those whom it names (race.ts). That
 *   happens once, however many clients wait.
 * - The winner serves at once, its socket waits for the first client, and the next `challengers` of the list join the backlog of the
 *   queue for probes. When nobody answers, or there is nobody to ask, clients go down the ladder for `retryAfter` before they may ask again, then for
 *   ever longer, up to six times `scoreTtl`, until a candidate has answered (unreached.ts): not after an outage of this machine's own network, whose races count for nothing (outage.ts).
 * - Each client is a use. While used within `usedWithin` rounds go on as for preheated upstreams (refresh.ts), and the name is
 *   asked for (membership.ts); a later use sets only the next round. When all have expired, the next use samples anew.
 * - At most `maxEntries` such names are kept (0: all): a new one takes the place of the least recently used on which nothing hangs,
 *   neither a session nor a race. If something hangs on all of them, there is one more. Each `pruneInterval` those go that nobody
 *   used for `idle`. Fact `DomainDropped`. What is configured never goes.
 *
 * The order of use is an ordered set: finding the least recently used costs the same however many there are.
 */
import { removedFrom } from "../arrange.ts"
import { needsDiscovery } from "../needsDiscovery.ts"
import * as Candidates from "../candidates.ts"
import * as Ordered from "../data/Ordered.ts"
import { reschedule } from "../deadline.ts"
import { demanded } from "../demanded.ts"
import { domainOf, isLiteral } from "../domain.ts"
import { isExcused } from "../frozen.ts"
import type { CandidateId, UpstreamId } from "../model/Candidate.ts"
import type { UpstreamConfig } from "../model/Config.ts"
import type { DomainDropped } from "../model/Decision.ts"
import type { DomainRequested, Raced } from "../model/Event.ts"
import type { State } from "../model/State.ts"
import type { Step } from "../model/Step.ts"
import type { Upstream } from "../model/Upstream.ts"
import { configure, freeSlot, slotOf } from "../slots.ts"
import { racePlan } from "../race.ts"
import { serving } from "../serving.ts"
import { backedOff } from "../unreached.ts"
import * as Upstreams from "../upstreams.ts"
import { remind } from "./history.ts"
import { ask, asks, create, mergeAll } from "./membership.ts"
import { changed } from "./reload.ts"

/** Names that are dropped in one step at most: it bounds the time of a step, the next one goes on, and nobody sees a difference. */
const MOST_DROPPED = 64
/** The race waits for the resolver's answer. */
const RESOLVING = -1

export function demand(state: State, step: Step): State {
  let next = state
  for (const { kind, id } of step.due) {
    if (kind === "pause") next = resumed(next, step, id)
    if (kind === "prune") next = prune(next, step)
  }
  // Nobody could be found while this machine's own network was down: that says nothing.
  if (step.returned) {
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
      if (upstream?.race !== RESOLVING) return next
      // An answer to an older question leaves the one under way; a part of one that names somebody is enough.
      return upstream.resolve === 0 || upstream.listed.length > 0 ? start(next, step, event.upstream) : next
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
  let id = told >= 0 ? told : slotOf(state, domain)
  let next = state
  if (id < 0) {
    if (!state.config.onDemand.enabled) return state
    next = withRoom(next, step)
    id = freeSlot(next)
    next = born(next, step, id, { host, port, name: domain })
  }
  next = used(next, id)
  const upstream = Upstreams.find(next, id)
  if (upstream === undefined || upstream.race !== 0) return next
  return needsDiscovery(next, upstream, serving(next, upstream).length > 0) ? sample(next, step, upstream) : next
}

function born(state: State, step: Step, id: UpstreamId, own: Pick<UpstreamConfig, "host" | "port" | "name">): State {
  const { onDemand } = state.config
  const { pruneDueUs } = state
  step.dirty.add(id)
  const placed = create(configure(state, id, demanded(state.config, own)), id)
  const next = remind(mergeAll(placed, step, id), step, id)
  return pruneDueUs >= 0 ? next : pruneAt(next, step.at + onDemand.pruneIntervalMs * 1000)
}

/** Notes a use; rounds and queries that had stopped go on an interval later. */
function used(state: State, id: UpstreamId): State {
  const upstream = Upstreams.find(state, id)
  if (upstream === undefined || !Upstreams.notesUse(Upstreams.configOf(state, id))) return state
  const { probing, host } = Upstreams.configOf(state, id)
  const mayAsk = host !== "" && !isLiteral(host) && asks(state, id)
  const { resolve, roundDueUs, resolveDueUs, unheardSinceUs } = upstream
  const laterUs = Upstreams.isOn(state, id) ? state.at + probing.intervalMs * 1000 : -1
  // While it was not used it was not asked.
  const resumes = !Upstreams.isProbed(state, id)
  return Upstreams.replace(state, upstream, {
    ...upstream,
    usedAtUs: state.at,
    unheardSinceUs: resumes ? state.at : unheardSinceUs,
    roundDueUs: roundDueUs < 0 ? laterUs : resumes ? Math.min(roundDueUs, laterUs) : roundDueUs,
    resolveDueUs: resolveDueUs < 0 && resolve === 0 && mayAsk ? laterUs : resolveDueUs
  })
}

/** Asks the resolver; races those who are known at once, else those whom it names. */
function sample(state: State, step: Step, { id, listed, resolve }: Upstream): State {
  const next = resolve === 0 ? ask(state, step, id) : state
  const upstream = Upstreams.find(next, id) as Upstream
  if (listed.length > 0 || upstream.resolve === 0) return start(next, step, id)
  return Upstreams.replace(next, upstream, { ...upstream, race: RESOLVING })
}

function start(state: State, step: Step, id: UpstreamId): State {
  const upstream = Upstreams.find(state, id) as Upstream
  const plan = racePlan(state, upstream)
  if (plan.attempts.length === 0) return failed(state, step, upstream, "no-candidates")
  const race = state.minted.warm
  const { session: { keepAliveMs }, pool: { maxAgeMs: keepForMs } } = Upstreams.configOf(state, id)
  step.decisions.push({ _tag: "Race", worker: 0, race, upstream: id, plan, keepAliveMs, keepForMs })
  const minted = { ...state.minted, warm: race + 1 }
  return Upstreams.replace({ ...state, minted }, upstream, { ...upstream, race })
}

function raced(state: State, step: Step, { race, upstream: id, candidate, tried, tookUs }: Raced): State {
  const upstream = Upstreams.find(state, id)
  if (upstream === undefined || race <= 0 || upstream.race !== race) return state
  const over: Upstream = { ...upstream, race: 0 }
  const warmed = warmedBy(Upstreams.replace(state, upstream, over), step, candidate, race)
  const winner = Candidates.find(warmed, candidate)
  // Who left meanwhile serves nobody.
  const hasLeft = winner !== undefined && !Candidates.isListed(winner)
  if (hasLeft || !step.samples.some((one) => one.candidate === candidate && one.failure === null)) {
    if (warmed.warmTotal > state.warmTotal) step.decisions.push({ _tag: "Retire", worker: 0, candidate, count: 1 })
    // Neither that nor an outage that is over now says anything about the others.
    const isMoot = hasLeft || tried.some((one) => isExcused(state, one.candidate, step.at - tookUs))
    return isMoot && state.outage.sinceUs < 0 ? sample(warmed, step, over) : failed(warmed, step, over, "all-failed")
  }
  step.dirty.add(id)
  step.wantsProbes = true
  step.decisions.push({ _tag: "UpstreamRefreshed", upstream: id, reason: "first-use" })
  const heard = new Set(tried.filter(({ outcome }) => outcome !== "cancelled").map((one) => one.candidate))
  return challenged(warmed, step, upstream, heard)
}

/** Who won and may not serve all the same is nobody to wait for. */
export function unserved(state: State, step: Step): State {
  if (step.event._tag !== "Raced") return state
  const upstream = Upstreams.find(state, step.event.upstream)
  if (upstream === undefined || upstream.race !== 0) return state
  const asks = needsDiscovery(state, upstream, serving(state, upstream).length > 0)
  return asks ? failed(state, step, upstream, "all-failed") : state
}

/** The winner's socket is a warm one; where there is no room for it, or nobody to have it, the shelf closes it. */
function warmedBy(state: State, step: Step, id: CandidateId, warm: number): State {
  const candidate = Candidates.find(state, id)
  if (candidate === undefined || state.warmTotal >= state.config.poolTotal) {
    if (id >= 0) step.decisions.push({ _tag: "Retire", worker: 0, candidate: id, count: 1 })
    return state
  }
  const next = { ...state, warmTotal: state.warmTotal + 1 }
  const ready = [...candidate.warm.ready, warm]
  return Candidates.replace(next, candidate, { ...candidate, warm: { ...candidate.warm, ready } })
}

/** The next of the list are measured once. */
function challenged(state: State, step: Step, { id, listed }: Upstream, heard: ReadonlySet<CandidateId>): State {
  const { challengers } = Upstreams.configOf(state, id).probing
  let next = state
  let count = 0
  for (const one of listed) {
    if (count >= challengers) break
    const candidate = heard.has(one) ? undefined : Candidates.find(next, one)
    if (candidate === undefined || candidate.breaker.state !== "closed") continue
    count++
    if (candidate.probe !== 0 || candidate.queue !== "none") continue
    next = Candidates.replace(next, candidate, { ...candidate, queue: "backlog", queuedAtUs: step.at })
  }
  return next
}

/** Nobody was found: clients go down the ladder for a while. */
function failed(state: State, step: Step, upstream: Upstream, reason: "all-failed" | "no-candidates"): State {
  const { id } = upstream
  step.dirty.add(id)
  step.decisions.push({ _tag: "UpstreamRefreshed", upstream: id, reason })
  const leastUs = state.config.onDemand.retryAfterMs * 1000
  const { scoreTtlMs } = Upstreams.configOf(state, id)
  const { waitUs, rng } = backedOff(state, upstream.unheardSinceUs, leastUs, scoreTtlMs)
  return Upstreams.replace({ ...state, rng }, upstream, { ...upstream, race: 0, pausedUntilUs: step.at + waitUs })
}

function resumed(state: State, step: Step, id: UpstreamId): State {
  const upstream = Upstreams.find(state, id)
  if (upstream === undefined) return state
  step.dirty.add(id)
  return Upstreams.replace(state, upstream, { ...upstream, pausedUntilUs: -1 })
}

/** The names that a core before this one was asked for are kept as if they had just been used. */
function restarted(state: State, step: Step): State {
  const { upstreams, onDemand: { pruneIntervalMs } } = state.config
  const ids = upstreams.flatMap((one, id) => one.onDemand && !one.removed ? [id] : [])
  return ids.length === 0 ? state : pruneAt(ids.reduce(used, state), step.at + pruneIntervalMs * 1000)
}

/** Who raced is gone: nobody will say how it went. */
function abandoned(state: State, step: Step): State {
  let next = state
  Ordered.visit(state.index.recency, (_usedAtUs, id) => {
    const upstream = Upstreams.find(next, id)
    if (upstream !== undefined && upstream.race > 0) next = failed(next, step, upstream, "all-failed")
    return true
  })
  return next
}

function withRoom(state: State, step: Step): State {
  const { maxEntries } = state.config.onDemand
  if (maxEntries === 0) return state
  const surplus = state.index.slots.demanded + 1 - maxEntries
  const unused = unusedIn(state, state.at, Math.min(MOST_DROPPED, surplus))
  return unused.reduce((next, id) => drop(next, step, id, "limit"), state)
}

function prune(state: State, step: Step): State {
  const { idleMs, pruneIntervalMs } = state.config.onDemand
  const unused = unusedIn(state, step.at - idleMs * 1000, MOST_DROPPED)
  const next = unused.reduce((all, id) => drop(all, step, id, "idle"), state)
  const isLeft = next.index.slots.demanded > 0
  // A step has its bound: what is left is looked at in the next one.
  return pruneAt(next, !isLeft ? -1 : unused.length < MOST_DROPPED ? step.at + pruneIntervalMs * 1000 : step.at)
}

/** On which nothing hangs and which were not used since then, the least recently used first. */
function unusedIn(state: State, sinceUs: number, most: number): ReadonlyArray<UpstreamId> {
  const found: Array<UpstreamId> = []
  if (most <= 0) return found
  Ordered.visit(state.index.recency, (usedAtUs, id) => {
    if (usedAtUs > sinceUs) return false
    const { onDemand, removed } = Upstreams.configOf(state, id)
    if (onDemand && !removed && isFree(state, Upstreams.find(state, id) as Upstream)) found.push(id)
    return found.length < most
  })
  return found
}

function isFree(state: State, { race, listed, left }: Upstream): boolean {
  return race === 0 && [...listed, ...left].every((id) => {
    const candidate = Candidates.find(state, id)
    return candidate === undefined || Candidates.connectionsOf(candidate) === 0
  })
}

function drop(state: State, step: Step, id: UpstreamId, reason: DomainDropped["reason"]): State {
  const was = Upstreams.configOf(state, id)
  const is = removedFrom(was)
  step.decisions.push({ _tag: "DomainDropped", upstream: id, reason })
  return changed(state, configure(state, id, is), step, id, was, is)
}

function pruneAt(state: State, pruneDueUs: number): State {
  const deadlines = reschedule(state.index.deadlines, "prune", 0, state.pruneDueUs, pruneDueUs)
  return { ...state, pruneDueUs, index: { ...state.index, deadlines } }
}
