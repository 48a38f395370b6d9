/**
 * Rounds: when the candidates of an upstream are probed as a matter of course.
 *
 * - An upstream's first round begins when it starts, is added or is turned on. It ends when every candidate was tried
 *   (and the resolver has answered), or after an interval in which one answered or all were probed. Facts
 *   `PreheatStarted`, `PreheatCompleted`.
 * - Each `interval` is a round of an upstream. Its members and next `challengers` by cost join as urgent, unless they
 *   have a sample younger than half an interval and no check of identity is due (reducers/identity.ts). Half, because a
 *   probe's answer comes a round trip after its round began and must not delay the next probe by a round. The
 *   `candidatesPerRound` stalest others join the backlog.
 * - After more than two rounds without an answer, rounds come at growing intervals, up to six times `scoreTtl`
 *   (unreached.ts). Each then probes as many of the stalest as the rounds that it replaces. The first answer, or
 *   another network, brings the next at once.
 * - Where probes are spared (sparing.ts) an unused upstream has no rounds.
 */
import * as Queue from "../candidate/queue.ts"
import { isCheckDue } from "../candidate/identity.ts"
import * as Candidates from "../candidates.ts"
import { challengersOf } from "../challengers.ts"
import * as Ordered from "../data/Ordered.ts"
import * as Vector from "../data/Vector.ts"
import { isFrozen } from "../frozen.ts"
import type { Candidate, UpstreamId } from "../model/Candidate.ts"
import type { State } from "../model/State.ts"
import type { Step } from "../model/Step.ts"
import type { Upstream } from "../model/Upstream.ts"
import { decide, requestRoutes } from "../requests.ts"
import { isSpent } from "../sparing.ts"
import { nextRound } from "../unreached.ts"
import { isAsking } from "../upstream/resolving.ts"
import * as Rounds from "../upstream/rounds.ts"
import * as Upstreams from "../upstreams.ts"

/** The first round of an upstream begins. */
export function firstRound(state: State, step: Step, id: UpstreamId): State {
  const upstream = Upstreams.find(state, id) as Upstream
  const intervalUs = Upstreams.configOf(state, id).probing.intervalMs * 1000
  decide(step, { _tag: "PreheatStarted", upstream: id, candidates: upstream.listed.length })
  requestRoutes(step, id)
  // After a pause by auto-disable the silence continues where it was.
  const unheardSinceUs = step.event._tag === "Ticked" && upstream.unheardSinceUs >= 0 ? upstream.unheardSinceUs : step.at
  return Upstreams.replace(state, upstream, Rounds.begun(upstream, step.at, step.at + intervalUs, unheardSinceUs))
}

/**
 * Ends a first round when every candidate was tried. After its time it also ends once one answered or all were probed.
 */
export function over(state: State, step: Step, id: UpstreamId, timeIsOver: boolean): State {
  const upstream = Upstreams.find(state, id)
  if (upstream === undefined || upstream.preheatSinceUs < 0) return state
  const reachable = Ordered.size(Vector.get(state.index.rankings, id) ?? null)
  const isMissing = upstream.untried > (timeIsOver ? triedNow(state, id) : 0)
  if (timeIsOver ? isMissing && reachable === 0 : isMissing || isAsking(upstream)) return state
  const tookUs = step.at - upstream.preheatSinceUs
  decide(step, { _tag: "PreheatCompleted", upstream: id, reachable, tookUs })
  return Upstreams.replace(state, upstream, Rounds.preheated(upstream))
}

/** How many candidates are being tried for the first time. They count as probed, whatever the result. */
function triedNow(state: State, id: UpstreamId): number {
  const probed = Candidates.among(state, state.probing.inFlight.map(({ candidate }) => candidate))
  return probed.filter((one) => one.upstream === id && Candidates.isListed(one) && Candidates.isUntried(one)).length
}

/** One round of an upstream, and the next one is planned. */
export function round(state: State, atUs: number, id: UpstreamId): State {
  const upstream = Upstreams.find(state, id) as Upstream
  // An upstream on demand, or with spared probes, has no rounds while it is unused.
  if (!Upstreams.isProbed(state, id)) return Upstreams.replace(state, upstream, Rounds.roundAt(upstream, -1))
  const { intervalMs, challengers, candidatesPerRound } = Upstreams.configOf(state, upstream.id).probing
  const intervalUs = intervalMs * 1000
  const { next: planned, waitUs } = nextRound(state, upstream)
  let next = planned
  for (const id of [...upstream.members, ...challengersOf(state, upstream, challengers)]) {
    const candidate = Candidates.find(next, id)
    if (candidate === undefined || candidate.probe !== 0 || candidate.queue === "urgent") continue
    if (isFrozen(next, candidate)) continue
    if (candidate.breaker.state !== "closed") continue
    const fresh = candidate.lastSampleAtUs >= 0 && candidate.lastSampleAtUs > atUs - intervalUs / 2
    if (fresh && !isCheckDue(candidate, atUs)) continue
    next = Candidates.replace(next, candidate, Queue.requeued(candidate, "urgent", atUs))
  }
  // As many as the rounds that are left out would have probed.
  return stalest(next, atUs, upstream, candidatesPerRound * Math.floor(waitUs / intervalUs), intervalUs)
}

function stalest(state: State, atUs: number, upstream: Upstream, count: number, intervalUs: number): State {
  const found: Array<number> = []
  Ordered.visit(Vector.get(state.index.stalest, upstream.id) ?? null, (sinceUs, id) => {
    if (found.length >= count || sinceUs > atUs - intervalUs / 2) return false
    if (!isSpent(state, Candidates.find(state, id) as Candidate)) found.push(id)
    return true
  })
  let next = state
  for (const candidate of Candidates.among(next, found)) {
    if (isFrozen(next, candidate)) continue
    next = Candidates.replace(next, candidate, Queue.queued(candidate, "backlog", atUs))
  }
  return next
}
