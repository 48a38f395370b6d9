/**
 * Warm: how many sockets wait, connected, for clients to come.
 *
 * - Only candidates that serve have a shelf: those that new clients go to now (be it on the word of an earlier run), and
 *   members of the set that are no suspects (they are next). Nothing is dialled towards suspects and open breakers; when a
 *   breaker opens, or a candidate stops serving, its shelf is emptied (a suspect keeps what it has: suspicion may be wrong);
 *   and so is every shelf while this machine's own network is down.
 * - Size, mode fixed: `size`. Mode dynamic: enough for the takes of one refill time (two latencies, at least 10 ms) at their
 *   recent peak, times `headroom`, from `min` to `max`. The takes of a refill time are a count that decays over it; its
 *   peak fades over a minute, which is how bursts are learned; before the first client it is as if one had come. While a candidate ramps up, that share of it. Parked and
 *   connecting sockets count alike, or every take would dial anew for the same gap.
 * - Refill at most max(`connectsPerSecond`, twice the recent take rate) a second for each candidate, with a burst of its
 *   size; after a failed dial not before a backoff of 100 ms that doubles to 5 s; over all candidates at most `poolTotal`.
 * - An upstream whose shelves find no room below `poolTotal` waits for it: room that becomes free goes to the one that has
 *   waited longest, before whoever freed it may have it again. Nobody waits while there is room.
 * - After `idleAfter` without a client, half of what is more than `min` goes, and half again each second. What is found on
 *   first use keeps none then, and dials none before the first client.
 * - Where warm sockets stand in the way of clients none are kept (relief.ts).
 * - A parked socket is closed by the shelf after `maxAge` less up to a fifth, drawn, so that a shelf does not age as one.
 */
import * as Candidates from "../candidates.ts"
import { isFrozen } from "../frozen.ts"
import { isVouched } from "../identity.ts"
import { backoffMs } from "../math/backoff.ts"
import { decay } from "../math/decay.ts"
import * as Ewma from "../math/Ewma.ts"
import * as Rng from "../math/Rng.ts"
import { priorsOf } from "../ladder.ts"
import type { Candidate, CandidateId, UpstreamId, Warm } from "../model/Candidate.ts"
import type { Pool, UpstreamConfig } from "../model/Config.ts"
import type { ClientAccepted, WarmConnected, WarmFailed } from "../model/Event.ts"
import type { State } from "../model/State.ts"
import type { Step } from "../model/Step.ts"
import type { Upstream } from "../model/Upstream.ts"
import { decide } from "../requests.ts"
import { serving } from "../serving.ts"
import { isCommon, isPanic } from "../upstream/trouble.ts"
import { isKept, withWarmPools as withPools } from "../upstream/warmPools.ts"
import * as Upstreams from "../upstreams.ts"
import { resized } from "./warmPoolSize.ts"
import { watched } from "./suspicion.ts"

const REFILL_LATENCIES = 2
const LEAST_REFILL_MS = 10
const PEAK_DECAY_MS = 60_000
const BACKOFF_FIRST_MS = 100
const BACKOFF_MOST_MS = 5_000
const HALVING_US = 1_000_000

export function warm(state: State, step: Step, dirty: ReadonlySet<UpstreamId>): State {
  const wanted = new Set<CandidateId>()
  let next = observe(state, step, wanted)
  for (const { kind, id } of step.due) {
    const candidate = kind === "refill" || kind === "idle" ? Candidates.find(next, id) : undefined
    if (candidate === undefined) continue
    wanted.add(id)
    next = kind === "refill" ? put(next, candidate, { refillDueUs: -1 }) : idle(next, step, candidate)
  }
  for (const id of dirty) {
    const upstream = Upstreams.find(next, id)
    if (upstream === undefined) continue
    const warmPools = withWarmPools(next, upstream)
    for (const candidate of [...warmPools, ...upstream.warmPools]) wanted.add(candidate)
    const same = warmPools.length === upstream.warmPools.length && warmPools.every((one, i) => one === upstream.warmPools[i])
    if (!same) next = Upstreams.replace(next, upstream, withPools(upstream, warmPools))
  }
  next = handOut(next, step)
  for (const id of wanted) next = settle(next, step, id)
  return next
}

/** Who waits again has used up the room, so each turn is paid for by one who found none. */
function handOut(state: State, step: Step): State {
  let next = state
  while (next.warmTotal < next.config.poolTotal && next.wantsRoom.length > 0) {
    const [id, ...wantsRoom] = next.wantsRoom as [UpstreamId, ...Array<UpstreamId>]
    next = { ...next, wantsRoom }
    for (const candidate of Upstreams.find(next, id)?.warmPools ?? []) next = settle(next, step, candidate)
  }
  return next
}

/** Whose shelves are kept: who serves now, and the members that could. */
function withWarmPools(state: State, upstream: Upstream): ReadonlyArray<CandidateId> {
  if (Upstreams.configOf(state, upstream.id).pool.mode === "off") return []
  const ids = new Set(serving(state, upstream).map((candidate) => candidate.id))
  if (ids.size === 0) {
    for (const prior of priorsOf(state, upstream)) {
      const candidate = Candidates.find(state, prior)
      if (candidate !== undefined && isVouched(candidate)) ids.add(prior)
    }
  }
  for (const member of upstream.members) ids.add(member)
  return [...ids]
}

/** What an event says about shelves; adds whom it concerns to `wanted`. */
function observe(state: State, step: Step, wanted: Set<CandidateId>): State {
  const { event } = step
  switch (event._tag) {
    case "WarmConnected":
    case "WarmFailed":
      return dialled(state, step.at, event, wanted)
    case "WarmLost":
      return lost(state, event.candidate, event.warm, wanted)
    case "ClientAccepted":
      return taken(state, step.at, event, wanted)
    case "WorkerLost":
      return state.warmTotal === 0 || event.worker !== 0 ? state : forgetAll(state)
    default:
      return state
  }
}

function dialled(state: State, atUs: number, event: WarmConnected | WarmFailed, wanted: Set<CandidateId>): State {
  const candidate = Candidates.find(state, event.candidate)
  if (candidate === undefined || !candidate.warm.dialling.some(({ id }) => id === event.warm)) return state
  wanted.add(candidate.id)
  const dialling = candidate.warm.dialling.filter(({ id }) => id !== event.warm)
  if (event._tag === "WarmConnected") {
    const ready = [...candidate.warm.ready, event.warm]
    return put(state, candidate, { dialling, ready, failures: 0, notBeforeUs: -1 })
  }
  if (isFrozen(state, candidate)) {
    const next = put(state, candidate, { dialling })
    return { ...next, warmTotal: next.warmTotal - 1 }
  }
  const failures = candidate.warm.failures + 1
  const pauseMs = backoffMs(failures - 1, BACKOFF_FIRST_MS, BACKOFF_MOST_MS)
  const next = put(state, candidate, { dialling, failures, notBeforeUs: atUs + pauseMs * 1000 })
  return { ...next, warmTotal: next.warmTotal - 1 }
}

function lost(state: State, id: CandidateId, warm: number, wanted: Set<CandidateId>): State {
  const candidate = Candidates.find(state, id)
  if (candidate === undefined || !candidate.warm.ready.includes(warm)) return state
  wanted.add(id)
  const ready = candidate.warm.ready.filter((other) => other !== warm)
  return { ...put(state, candidate, { ready }), warmTotal: state.warmTotal - 1 }
}

/** A client came for the chosen one, and perhaps took a warm socket. */
function taken(state: State, atUs: number, event: ClientAccepted, wanted: Set<CandidateId>): State {
  const next = event.warm === 0 ? state : lost(state, event.candidate, event.warm, wanted)
  const id = event.chosen >= 0 ? event.chosen : event.candidate
  const candidate = Candidates.find(next, id)
  if (candidate === undefined || Candidates.configOf(next, candidate).pool.mode === "off") return next
  wanted.add(id)
  const { warm } = candidate
  const refill = refillMs(candidate)
  const takes: Ewma.Ewma = { value: fadedTakes(warm, atUs, refill) + 1, atUs }
  const peak = Ewma.addPeak(warm.peak, takes.value, atUs, PEAK_DECAY_MS)
  const idleAfterUs = Candidates.configOf(next, candidate).pool.idleAfterMs * 1000
  return put(next, candidate, { takes, peak, idleDueUs: atUs + idleAfterUs })
}

function fadedTakes(warm: Warm, atUs: number, refillMs: number): number {
  return warm.takes.atUs < 0 ? 0 : warm.takes.value * decay((atUs - warm.takes.atUs) / 1000, refillMs)
}

function refillMs(candidate: Candidate): number {
  const expected = REFILL_LATENCIES * candidate.latency.value
  return candidate.latency.atUs >= 0 && expected > LEAST_REFILL_MS ? expected : LEAST_REFILL_MS
}

/** How many sockets should wait, parked or connecting. */
export function targetOf(candidate: Candidate, config: UpstreamConfig, atUs: number): number {
  const { pool } = config
  if (pool.mode === "off" || candidate.breaker.state !== "closed" || !Candidates.isListed(candidate)) return 0
  if (!config.preheat && isIdle(candidate, pool, atUs)) return 0
  const size = pool.mode === "fixed" ? pool.size : dynamicSize(candidate, pool, atUs)
  return Math.ceil(size * candidate.breaker.slowStartWeight)
}

/** Nobody has come for a while, or ever. */
function isIdle({ warm: { peak } }: Candidate, { idleAfterMs }: Pool, atUs: number): boolean {
  return peak.atUs < 0 || atUs - peak.atUs >= idleAfterMs * 1000
}

function dynamicSize({ warm }: Candidate, pool: Pool, atUs: number): number {
  if (warm.peak.atUs >= 0 && atUs - warm.peak.atUs >= pool.idleAfterMs * 1000) return pool.min
  // Before the first client: as if one had come, so that a second one right behind it does not wait.
  const peak = warm.peak.atUs < 0 ? 1 : warm.peak.value * decay((atUs - warm.peak.atUs) / 1000, PEAK_DECAY_MS)
  const wanted = Math.ceil((peak > 1 ? peak : 1) * pool.headroom)
  return wanted < pool.min ? pool.min : wanted > pool.max ? pool.max : wanted
}

/** Dials what is missing as far as the limits go, or empties a shelf that is not kept. */
function settle(state: State, step: Step, id: CandidateId): State {
  const known = Candidates.find(state, id)
  if (known === undefined) return state
  const config = Candidates.configOf(state, known)
  const upstream = Upstreams.find(state, known.upstream)
  // Until enough has failed the sockets that wait may be well; none is added to them.
  const waits = upstream !== undefined && isCommon(upstream) && !isPanic(state, upstream)
  const keeps = upstream !== undefined && isKept(upstream, id) && known.breaker.state === "closed"
    && (waits || !isFrozen(state, known)) && !Candidates.isWithheld(known)
  if (keeps && (waits || Candidates.isSuspect(known))) return state
  const target = keeps ? targetOf(known, config, step.at) : 0
  const next = resized(state, step, known, target)
  const candidate = Candidates.find(next, id) as Candidate
  return keeps ? refill(next, step, candidate, config, target) : empty(next, step, candidate)
}

function refill(state: State, step: Step, first: Candidate, config: UpstreamConfig, target: number): State {
  const gapUs = refillGapUs(first, config, step.at)
  const burstUs = (target > 1 ? target - 1 : 0) * gapUs
  let next = state
  let candidate = first
  while (waiting(candidate.warm) < target && next.warmTotal < next.config.poolTotal) {
    const readyUs = Math.max(candidate.warm.notBeforeUs, candidate.warm.tatUs - burstUs)
    if (readyUs > step.at) return put(next, candidate, { refillDueUs: readyUs })
    next = dial(next, step, candidate, config, gapUs)
    candidate = Candidates.find(next, first.id) as Candidate
  }
  if (candidate.warm.refillDueUs >= 0) next = put(next, candidate, { refillDueUs: -1 })
  const { upstream, warm } = candidate
  if (waiting(warm) >= target || next.wantsRoom.includes(upstream)) return next
  return { ...next, wantsRoom: [...next.wantsRoom, upstream] }
}

function refillGapUs(candidate: Candidate, { pool }: UpstreamConfig, atUs: number): number {
  const refill = refillMs(candidate)
  const takesPerSecond = (fadedTakes(candidate.warm, atUs, refill) * 1000) / refill
  const perSecond = 2 * takesPerSecond > pool.connectsPerSecond ? 2 * takesPerSecond : pool.connectsPerSecond
  return Math.floor(1_000_000 / perSecond)
}

function dial(state: State, step: Step, candidate: Candidate, config: UpstreamConfig, gapUs: number): State {
  const { id, host, port, warm } = candidate
  const number = state.minted.warm
  const drawn = Rng.uniform(state.rng)
  const keepForMs = Math.ceil(config.pool.maxAgeMs * (1 - drawn.value / 5))
  const { timeoutMs } = config.dial
  const { keepAliveMs } = config.session
  decide(step, {
    _tag: "DialWarm",
    worker: 0,
    warm: number,
    candidate: id,
    host,
    port,
    timeoutMs,
    keepAliveMs,
    keepForMs
  })
  const tatUs = (warm.tatUs > step.at ? warm.tatUs : step.at) + gapUs
  const next: State = {
    ...state,
    rng: drawn.rng,
    minted: { ...state.minted, warm: number + 1 },
    warmTotal: state.warmTotal + 1
  }
  const dialling = [...warm.dialling, { id: number, atUs: step.at }]
  return Candidates.replace(next, candidate, watched({ ...candidate, warm: { ...warm, dialling, tatUs } }))
}

/** Tells the shelf to close all; each socket's loss comes back as an event. */
function empty(state: State, step: Step, candidate: Candidate): State {
  const { warm } = candidate
  if (warm.ready.length > 0) retire(step, candidate, warm.ready.length)
  return warm.refillDueUs < 0 && warm.idleDueUs < 0 ? state : put(state, candidate, { refillDueUs: -1, idleDueUs: -1 })
}

function idle(state: State, step: Step, candidate: Candidate): State {
  const surplus = candidate.warm.ready.length - targetOf(candidate, Candidates.configOf(state, candidate), step.at)
  if (surplus <= 0) return put(state, candidate, { idleDueUs: -1 })
  const half = Math.ceil(surplus / 2)
  retire(step, candidate, half)
  return put(state, candidate, { idleDueUs: surplus > half ? step.at + HALVING_US : -1 })
}

function retire(step: Step, candidate: Candidate, count: number): void {
  decide(step, { _tag: "Retire", worker: 0, candidate: candidate.id, count })
}

function forgetAll(state: State): State {
  return Candidates.replaceAll({ ...state, warmTotal: 0 }, (candidate) => {
    const { warm } = candidate
    return waiting(warm) === 0 ? candidate : { ...candidate, warm: { ...warm, ready: [], dialling: [] } }
  })
}

/** Parked and connecting. */
function waiting({ ready, dialling }: Warm): number {
  return ready.length + dialling.length
}

function put(state: State, candidate: Candidate, changes: Partial<Warm>): State {
  return Candidates.replace(state, candidate, { ...candidate, warm: { ...candidate.warm, ...changes } })
}
