/**
 * Warm: how many warm sockets each candidate has, connected and waiting for clients.
 *
 * Which candidates have a warm pool:
 * - Candidates that new clients go to now have one, also when only a prior says so. Unsuspected members have one too:
 *   they are next.
 * - No socket is dialled to a suspect or to a candidate with an open breaker.
 * - A warm pool is emptied when the breaker opens or the candidate no longer serves. All are emptied in a local outage.
 *   A suspect's warm sockets stay, because the suspicion may be wrong.
 * - A candidate has no warm pool where warm sockets hinder its clients (relief.ts).
 *
 * The size of a warm pool:
 * - Mode fixed: `size`.
 * - Mode dynamic: the recent peak of takes in one refill time (two latencies, at least 10 ms), times `headroom`, from
 *   `min` to `max`. The takes are a count that decays over a refill time. Its peak fades over a minute, so bursts are
 *   learned. The first client counts as if it had come already.
 * - A candidate that ramps up gets the part of it that its slow-start weight says.
 * - Warm and connecting sockets count alike. Otherwise every take would cause a second dial for the same gap.
 *
 * How a warm pool is filled:
 * - Each candidate dials at most max(`connectsPerSecond`, twice the recent take rate) a second, with a burst of the
 *   pool's size.
 * - After a failed dial a pause of 100 ms follows, doubling to 5 s.
 * - All candidates together have at most `poolTotal`. An upstream without room below it waits for room. Room that
 *   becomes free goes to the upstream that has waited longest, before the upstream that freed it. No upstream waits
 *   while there is room.
 *
 * How a warm pool shrinks:
 * - After `idleAfter` without a client half of what exceeds `min` is closed, and half of the rest each second. An
 *   upstream on demand then has no warm sockets, and it dials none before its first client.
 * - The warm pool closes a socket after `maxAge` less up to a fifth, drawn, so that not all sockets age at the same
 *   time.
 */
import * as Suspicion from "../candidate/suspicion.ts"
import * as Warm from "../candidate/warm.ts"
import * as Candidates from "../candidates.ts"
import { isFrozen } from "../frozen.ts"
import { isVouched } from "../candidate/identity.ts"
import { backoffMs } from "../math/backoff.ts"
import * as Rng from "../math/Rng.ts"
import { priorsOf } from "../ladder.ts"
import type { Candidate, CandidateId, CandidateRef, UpstreamId } from "../model/Candidate.ts"
import type { UpstreamConfig } from "../model/Config.ts"
import type { ClientAccepted, WarmConnected, WarmFailed } from "../model/Event.ts"
import type { State } from "../model/State.ts"
import type { Step } from "../model/Step.ts"
import type { Upstream } from "../model/Upstream.ts"
import { decide } from "../requests.ts"
import { serving } from "../serving.ts"
import { isPanic } from "../panic.ts"
import { isCommon } from "../upstream/trouble.ts"
import { isKept, withWarmPools as withPools } from "../upstream/warmPools.ts"
import * as Upstreams from "../upstreams.ts"
import { resized } from "../rules/warmPoolSize.ts"

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
    next = kind === "refill"
      ? Candidates.replace(next, candidate, Warm.refillDue(candidate, -1))
      : idle(next, step, candidate)
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

/** Hands out free room. An upstream waits again only when the room is used up, so the loop ends. */
function handOut(state: State, step: Step): State {
  let next = state
  while (next.warmTotal < next.config.poolTotal && next.wantsRoom.length > 0) {
    const [id, ...wantsRoom] = next.wantsRoom as [UpstreamId, ...Array<UpstreamId>]
    next = { ...next, wantsRoom }
    for (const candidate of Upstreams.find(next, id)?.warmPools ?? []) next = settle(next, step, candidate)
  }
  return next
}

/** Candidates with a warm pool: those that serve now, and the members that could. */
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

/** What an event says about warm pools. Adds the candidates that it concerns to `wanted`. */
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
  if (event._tag === "WarmConnected") return Candidates.replace(state, candidate, Warm.connected(candidate, event.warm))
  const pauseMs = backoffMs(candidate.warm.failures, BACKOFF_FIRST_MS, BACKOFF_MOST_MS)
  const after = isFrozen(state, candidate)
    ? Warm.dialOver(candidate, event.warm)
    : Warm.dialFailed(candidate, event.warm, atUs + pauseMs * 1000)
  return Candidates.replace({ ...state, warmTotal: state.warmTotal - 1 }, candidate, after)
}

function lost(state: State, id: CandidateRef, warm: number, wanted: Set<CandidateId>): State {
  const candidate = Candidates.find(state, id)
  if (candidate === undefined || !candidate.warm.ready.includes(warm)) return state
  wanted.add(candidate.id)
  return Candidates.replace({ ...state, warmTotal: state.warmTotal - 1 }, candidate, Warm.lost(candidate, warm))
}

/** A client came for the chosen candidate, and perhaps took a warm socket. */
function taken(state: State, atUs: number, event: ClientAccepted, wanted: Set<CandidateId>): State {
  const next = event.warm === 0 ? state : lost(state, event.candidate, event.warm, wanted)
  const id = event.chosen === "none" ? event.candidate : event.chosen
  const candidate = Candidates.find(next, id)
  if (candidate === undefined) return next
  const { pool } = Candidates.configOf(next, candidate)
  if (pool.mode === "off") return next
  wanted.add(candidate.id)
  return Candidates.replace(next, candidate, Warm.taken(candidate, pool, atUs))
}

/** Dials the missing sockets as far as the limits allow, or empties a warm pool that should not be there. */
function settle(state: State, step: Step, id: CandidateId): State {
  const known = Candidates.find(state, id)
  if (known === undefined) return state
  const config = Candidates.configOf(state, known)
  const upstream = Upstreams.find(state, known.upstream)
  // The warm sockets of an upstream in a common cause may work until enough has failed. None is added to them.
  const waits = upstream !== undefined && isCommon(upstream) && !isPanic(state, upstream)
  const keeps = upstream !== undefined && isKept(upstream, id) && known.breaker.state === "closed"
    && (waits || !isFrozen(state, known)) && !Candidates.isWithheld(known)
  if (keeps && (waits || Candidates.isSuspect(known))) return state
  const target = keeps ? Warm.targetOf(known, config, step.at) : 0
  const next = resized(state, step, known, target)
  const candidate = Candidates.find(next, id) as Candidate
  return keeps ? refill(next, step, candidate, config, target) : empty(next, step, candidate)
}

function refill(state: State, step: Step, first: Candidate, config: UpstreamConfig, target: number): State {
  const gapUs = Warm.refillGapUs(first, config.pool, step.at)
  const burstUs = (target > 1 ? target - 1 : 0) * gapUs
  let next = state
  let candidate = first
  while (Warm.socketsOf(candidate) < target && next.warmTotal < next.config.poolTotal) {
    const readyUs = Math.max(candidate.warm.notBeforeUs, candidate.warm.tatUs - burstUs)
    if (readyUs > step.at) return Candidates.replace(next, candidate, Warm.refillDue(candidate, readyUs))
    next = dial(next, step, candidate, config, gapUs)
    candidate = Candidates.find(next, first.id) as Candidate
  }
  if (candidate.warm.refillDueUs >= 0) next = Candidates.replace(next, candidate, Warm.refillDue(candidate, -1))
  const { upstream } = candidate
  if (Warm.socketsOf(candidate) >= target || next.wantsRoom.includes(upstream)) return next
  return { ...next, wantsRoom: [...next.wantsRoom, upstream] }
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
  return Candidates.replace(next, candidate, Suspicion.watched(Warm.dialled(candidate, number, step.at, tatUs)))
}

/** Tells the warm pool to close all sockets. The loss of each comes back as an event. */
function empty(state: State, step: Step, candidate: Candidate): State {
  const { warm } = candidate
  if (warm.ready.length > 0) retire(step, candidate, warm.ready.length)
  if (warm.refillDueUs < 0 && warm.idleDueUs < 0) return state
  return Candidates.replace(state, candidate, Warm.refillDue(Warm.idleDue(candidate, -1), -1))
}

function idle(state: State, step: Step, candidate: Candidate): State {
  const surplus = candidate.warm.ready.length - Warm.targetOf(candidate, Candidates.configOf(state, candidate), step.at)
  if (surplus <= 0) return Candidates.replace(state, candidate, Warm.idleDue(candidate, -1))
  const half = Math.ceil(surplus / 2)
  retire(step, candidate, half)
  return Candidates.replace(state, candidate, Warm.idleDue(candidate, surplus > half ? step.at + HALVING_US : -1))
}

function retire(step: Step, candidate: Candidate, count: number): void {
  decide(step, { _tag: "Retire", worker: 0, candidate: candidate.id, count })
}

function forgetAll(state: State): State {
  return Candidates.replaceAll({ ...state, warmTotal: 0 }, (candidate) => {
    return Warm.socketsOf(candidate) === 0 ? candidate : Warm.emptied(candidate)
  })
}
