/**
 * Refresh: it decides when each candidate is probed.
 *
 * When a candidate joins the queue:
 * - Each new candidate starts in the backlog, so it is probed once. The tries of long lists are short at first
 *   (brief.ts).
 * - An upstream's first round begins when it starts, is added or is turned on. It ends when every candidate was tried
 *   (and the resolver has answered), or after an interval in which one answered or all were probed. Facts
 *   `PreheatStarted`, `PreheatCompleted`.
 * - An operator's refresh queues all candidates, the members as urgent. Shut candidates have their trial now. Fact
 *   `UpstreamRefreshed`. Spares and upstreams that are off are never probed.
 * - Each `interval` is a round of an upstream. Its members and next `challengers` by cost join as urgent, unless they
 *   have a sample younger than half an interval and no check of identity is due (reducers/identity.ts). Half, because a
 *   probe's answer comes a round trip after its round began and must not delay the next probe by a round. The
 *   `candidatesPerRound` stalest others join the backlog.
 * - After more than two rounds without an answer, rounds come at growing intervals, up to six times `scoreTtl`
 *   (unreached.ts). Each then probes as many of the stalest as the rounds that it replaces. The first answer, or
 *   another network, brings the next at once.
 * - Where probes are spared (sparing.ts) an unused upstream has no rounds, and a candidate that used its probes up
 *   leaves the queue.
 * - An open breaker has only its trials. A suspicion requests a probe of its own.
 * - In a local outage only probes of the pulse go out (pulse.ts). All candidates are probed after it.
 *
 * How the queue is served:
 * - The order is urgent before backlog, then the oldest, then the lower id. Past candidates of a busy host it looks at
 *   most 32 ahead.
 * - The budget is `maxParallel` at once, `perHost` at once to one IP over all upstreams, and `ratePerSecond` by GCRA
 *   (Turner 1986: one number, the theoretical arrival time) with a burst of `maxParallel`.
 * - An answer frees its place in the budget. An answer with another id than the probe under way is ignored.
 */
import * as Breaker from "../candidate/breaker.ts"
import * as Queue from "../candidate/queue.ts"
import * as Suspicion from "../candidate/suspicion.ts"
import * as Candidates from "../candidates.ts"
import { challengersOf } from "../challengers.ts"
import * as Ordered from "../data/Ordered.ts"
import * as Vector from "../data/Vector.ts"
import { reschedule } from "../deadline.ts"
import { isExcused, isFrozen } from "../frozen.ts"
import { isCheckDue } from "../candidate/identity.ts"
import type { Candidate, UpstreamId } from "../model/Candidate.ts"
import type { UpstreamRefreshed } from "../model/Decision.ts"
import type { ProbingState, State } from "../model/State.ts"
import type { ProbeRequests, Step } from "../model/Step.ts"
import type { Upstream } from "../model/Upstream.ts"
import { decide, requestRoutes } from "../requests.ts"
import { pendingMs } from "../slowHandshake.ts"
import { probeMs, triedInVain } from "../rules/brief.ts"
import { isSpent } from "../sparing.ts"
import { hurried, isUnreached, nextRound } from "../unreached.ts"
import { isAsking } from "../upstream/resolving.ts"
import * as Rounds from "../upstream/rounds.ts"
import * as Upstreams from "../upstreams.ts"
import { isProven, OUTAGE_TIMEOUT_MS } from "../rules/pulse.ts"

const LOOK_AHEAD = 32

export function refresh(state: State, step: Step, wanted: ProbeRequests): State {
  let next = freed(state, step)
  for (const id of wanted.started) next = firstRound(next, step, id)
  if (wanted.returned) { for (const id of Upstreams.refreshed(next, -1)) next = queueAll(next, step, id, "outage") }
  for (const id of wanted.recovered) next = retried(next, step, id)
  if (step.event._tag === "InterfacesChanged") {
    for (const one of Upstreams.all(next)) if (isUnreached(next, one)) next = hurried(next, one.id, 0)
  }
  if (step.event._tag === "RefreshRequested") {
    for (const id of Upstreams.refreshed(next, step.event.upstream)) next = queueAll(next, step, id, "requested")
  }
  let woken = next !== state || step.event._tag === "Started" || wanted.probes
  for (const { kind, id } of step.due) {
    if (kind === "gate") woken = true
    if (kind !== "round") continue
    const upstream = Upstreams.find(next, id)
    if (upstream !== undefined) next = round(over(next, step, id, true), step.at, id)
    woken = true
  }
  for (const id of wanted.dirty) next = over(next, step, id, false)
  return woken ? dispatch(next, step) : next
}

/** Answers, and workers that are lost, free places in the budget. */
function freed(state: State, step: Step): State {
  const { event } = step
  if (event._tag === "ProbeSucceeded" || event._tag === "ProbeFailed") return answered(state, step, event.probe)
  if (event._tag !== "WorkerLost") return state
  let next = state
  for (const flight of state.probing.inFlight) if (flight.worker === event.worker) next = answered(next, step, flight.probe)
  return next
}

function answered(state: State, step: Step, probe: number): State {
  const flight = state.probing.inFlight.find((one) => one.probe === probe)
  if (flight === undefined) return state
  const inFlight = state.probing.inFlight.filter((one) => one !== flight)
  const next: State = { ...state, probing: { ...state.probing, inFlight } }
  const candidate = Candidates.find(next, flight.candidate)
  if (candidate === undefined) return next
  // The probe connected and did nothing more: some servers count such unused connections.
  const isUnused = step.event._tag === "ProbeSucceeded"
    || (step.event._tag === "ProbeFailed" && step.event.reason === "certificate")
  const free = Queue.answered(candidate, isUnused)
  // A probe that began in an outage that is over says nothing.
  const isMoot = next.outage.sinceUs < 0 && isExcused(next, candidate.id, candidate.probedAtUs)
  // The probe began in a common cause and was not answered: the suspect still waits for its trial.
  const { returnedAtUs } = Upstreams.find(next, candidate.upstream) as Upstream
  const isLate = candidate.probedAtUs < returnedAtUs && Candidates.isSuspect(candidate)
  // A first sample that a repeated SYN explains tells no latency.
  const isUnmeasured = candidate.resentAtUs >= 0 && candidate.latency.atUs < 0
  const again = (isMoot || isUnmeasured || isLate) && mayWait(next, candidate)
  const isSilent = step.event._tag === "ProbeFailed" && step.event.reason === "timeout"
  if (flight.isBrief && isSilent && !again) return triedInVain(Candidates.replace(next, candidate, free), step, free.id)
  return Candidates.replace(next, candidate, again ? Queue.urgent(free, step.at) : free)
}

function mayWait(state: State, candidate: Candidate): boolean {
  return candidate.breaker.state === "closed" && Candidates.isListed(candidate) && Upstreams.isOn(state, candidate.upstream)
}

function firstRound(state: State, step: Step, id: UpstreamId): State {
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
function over(state: State, step: Step, id: UpstreamId, timeIsOver: boolean): State {
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

/** Suspects are probed first, and every shut candidate has its trial now. */
function retried(state: State, step: Step, id: UpstreamId): State {
  const { listed, members, shut } = Upstreams.find(state, id) as Upstream
  const suspects = challengersOf(
    state,
    Upstreams.find(state, id) as Upstream,
    Upstreams.configOf(state, id).probing.challengers
  )
  let next = state
  for (const candidate of Candidates.among(state, new Set([...members, ...suspects, ...(shut > 0 ? listed : [])]))) {
    const { breaker } = candidate
    if (breaker.state === "open") {
      next = Candidates.replace(next, candidate, Breaker.trialDue(candidate, step.at))
    } else if (Candidates.isSuspect(candidate)) {
      next = Candidates.replace(next, candidate, Queue.urgent(candidate, step.at))
    }
  }
  return next
}

function queueAll(state: State, step: Step, id: UpstreamId, reason: UpstreamRefreshed["reason"]): State {
  const { listed, members } = Upstreams.find(state, id) as Upstream
  decide(step, { _tag: "UpstreamRefreshed", upstream: id, reason })
  let next = hurried(state, id, 1)
  for (const one of listed) {
    const known = Candidates.find(next, one) as Candidate
    // An operator's wish goes before the server's count of unused connections.
    const candidate = reason === "requested" ? Queue.unusedForgotten(known) : known
    next = Candidates.replace(next, known, candidate)
    const { breaker } = candidate
    if (breaker.state === "open") {
      // This machine's outage says nothing about a candidate that was shut out before.
      if (reason === "outage") continue
      next = Candidates.replace(next, candidate, Breaker.trialDue(candidate, step.at))
    } else if (candidate.probe === 0 && candidate.queue !== "urgent") {
      const queue = members.includes(one) ? "urgent" : "backlog"
      next = Candidates.replace(next, candidate, Queue.requeued(candidate, queue, step.at))
    }
  }
  return next
}

function round(state: State, atUs: number, id: UpstreamId): State {
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

/** Sends probes as far as the budget allows. */
function dispatch(state: State, step: Step): State {
  const { maxParallel, ratePerSecond } = state.config.probing
  const gapUs = Math.floor(1_000_000 / ratePerSecond)
  const burstUs = (maxParallel - 1) * gapUs
  let next = state
  while (next.probing.inFlight.length < maxParallel) {
    const candidate = nextInQueue(next)
    if (candidate === undefined) return gated(next, -1)
    if (isSpent(next, candidate)) {
      next = Candidates.replace(next, candidate, Queue.dequeued(candidate))
      continue
    }
    if (next.probing.tatUs - burstUs > step.at) return gated(next, next.probing.tatUs - burstUs)
    const tatUs = (next.probing.tatUs > step.at ? next.probing.tatUs : step.at) + gapUs
    next = launch(next, step, candidate, tatUs)
  }
  return gated(next, -1)
}

function nextInQueue(state: State): Candidate | undefined {
  let chosen: Candidate | undefined
  let looked = 0
  Ordered.visit(state.index.probeQueue, (_key, id) => {
    const candidate = Candidates.find(state, id) as Candidate
    const onHost = state.probing.inFlight.filter((flight) => flight.host === candidate.host).length
    const waits = candidate.queue === "backlog" && isFrozen(state, candidate)
    if (onHost < state.config.probing.perHost && !waits) chosen = candidate
    return chosen === undefined && ++looked < LOOK_AHEAD
  })
  return chosen
}

function launch(state: State, step: Step, candidate: Candidate, tatUs: number): State {
  const { id, host, port } = candidate
  const probe = state.minted.probe
  const worker = 0
  const { probing: { timeoutMs: longMs }, identity: wanted, session: { header } } = Candidates.configOf(state, candidate)
  const shortMs = Math.ceil(Math.max(OUTAGE_TIMEOUT_MS, pendingMs(candidate)))
  // A candidate with frozen beliefs is not watched and has a shorter timeout, unless its silence is to prove an outage.
  const frozen = isFrozen(state, candidate)
  const { sinceUs, silenceSinceUs } = state.outage
  const isWitness = sinceUs < 0 && silenceSinceUs >= 0 && !isProven(state)
  const briefMs = probeMs(state, candidate)
  const timeoutMs = frozen && !isWitness ? Math.min(longMs, shortMs) : briefMs
  const isBrief = !frozen && briefMs < longMs
  const identity = isCheckDue(candidate, step.at) ? wanted : null
  decide(step, {
    _tag: "Probe",
    worker,
    probe,
    candidate: id,
    host,
    port,
    timeoutMs,
    identity,
    ...(header === undefined ? {} : { header })
  })
  const probing: ProbingState = {
    ...state.probing,
    inFlight: [...state.probing.inFlight, { probe, candidate: id, host, worker, isBrief }],
    tatUs
  }
  const launched = Queue.probed(candidate, probe, step.at)
  const minted = { ...state.minted, probe: probe + 1 }
  return Candidates.replace({ ...state, minted, probing }, candidate, frozen ? launched : Suspicion.watched(launched))
}

function gated(state: State, gateDueUs: number): State {
  const { probing, index } = state
  if (probing.gateDueUs === gateDueUs) return state
  const deadlines = reschedule(index.deadlines, "gate", 0, probing.gateDueUs, gateDueUs)
  return { ...state, probing: { ...probing, gateDueUs }, index: { ...index, deadlines } }
}
