/**
 * Raced: what the result of a race means.
 *
 * - The winner serves at once. Its socket waits for the first client. The next `challengers` of the list join the
 *   backlog of the queue for probes.
 * - If no candidate answered, clients go down the ladder for a while (rules/races.ts). A race that said nothing about any
 *   candidate, because the network was down or the winner has left, is run again.
 * - A search goes on while clients wait.
 * - A race that its upstream waits for no more, because it was turned off or is preheated now, says nothing. Its socket
 *   is closed.
 */
import * as Queue from "../candidate/queue.ts"
import * as Warm from "../candidate/warm.ts"
import * as Candidates from "../candidates.ts"
import { isExcused } from "../frozen.ts"
import type { Endpoint } from "../model/Candidate.ts"
import type { Raced } from "../model/Event.ts"
import type { State } from "../model/State.ts"
import type { Step } from "../model/Step.ts"
import type { Upstream } from "../model/Upstream.ts"
import { decide, markDirty, requestProbes } from "../requests.ts"
import { isSearched } from "../search.ts"
import * as FirstUse from "../upstream/firstUse.ts"
import * as Upstreams from "../upstreams.ts"
import { triedInVain } from "../rules/brief.ts"
import { asksFor, failed, sample, start } from "../rules/races.ts"

export function raced(state: State, step: Step): State {
  const { event } = step
  if (event._tag === "Raced") return ended(state, step, event)
  return event._tag === "WorkerLost" && event.worker === 0 ? abandoned(state, step) : state
}

function ended(before: State, step: Step, { race, upstream: id, candidate, tried, tookUs }: Raced): State {
  const upstream = Upstreams.find(before, id)
  if (race <= 0) return before
  if (upstream === undefined || upstream.race !== race) {
    return closed(before, warmedBy(before, step, candidate, race), step, candidate)
  }
  const isSearch = upstream.searchUntilUs >= 0
  const state = isSearch ? searched(before, step, tried) : before
  const over = FirstUse.raced(Upstreams.find(state, id) as Upstream)
  const warmed = warmedBy(Upstreams.replace(state, upstream, over), step, candidate, race)
  const winner = Candidates.find(warmed, candidate)
  // A winner that left meanwhile cannot serve.
  const hasLeft = winner !== undefined && !Candidates.isListed(winner)
  if (hasLeft || !step.samples.some((one) => one.candidate === candidate && one.failure === null)) {
    const next = closed(state, warmed, step, candidate)
    if (isSearch) return next
    // Neither a departed winner nor an outage that is over says anything about the other candidates.
    const isMoot = hasLeft || tried.some((one) => isExcused(state, one.candidate, step.at - tookUs))
    return isMoot && state.outage.sinceUs < 0 ? sample(next, step, over) : failed(next, step, over, "all-failed")
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

/** Tells the warm pool to close the socket that became warm since `before`. Its loss comes back as an event. */
function closed(before: State, warmed: State, step: Step, id: Raced["candidate"]): State {
  const isKept = warmed.warmTotal > before.warmTotal
  if (isKept && id !== "none") decide(step, { _tag: "Retire", worker: 0, candidate: id, count: 1 })
  return warmed
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

/** The worker that raced is lost: no result will come. */
function abandoned(state: State, step: Step): State {
  const racing = Upstreams.all(state).filter(({ race }) => race !== 0 && race !== "resolving")
  return racing.reduce((next, upstream) => failed(next, step, upstream, "all-failed"), state)
}
