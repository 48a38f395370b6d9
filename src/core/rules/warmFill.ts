/**
 * The filling of warm pools: each is brought to its size, or emptied where it should not be.
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
 * - All candidates together have at most `poolTotal`. An upstream without room below it waits for room. Room that
 *   becomes free goes to the upstream that has waited longest, before the upstream that freed it. No upstream waits
 *   while there is room.
 *
 * How a warm pool shrinks:
 * - After `idleAfter` without a client half of what exceeds `min` is closed, and half of the rest each second. An
 *   upstream on demand then has no warm sockets, and it dials none before its first client.
 * - The warm pool closes a socket that is too old (warmAge.ts).
 */
import * as Suspicion from "../candidate/suspicion.ts"
import * as Warm from "../candidate/warm.ts"
import * as Candidates from "../candidates.ts"
import { isFrozen } from "../frozen.ts"
import * as Rng from "../math/Rng.ts"
import type { Candidate, CandidateId, UpstreamId } from "../model/Candidate.ts"
import type { UpstreamConfig } from "../model/Config.ts"
import type { State } from "../model/State.ts"
import type { Step } from "../model/Step.ts"
import { isPanic } from "../panic.ts"
import { decide } from "../requests.ts"
import { isCommon } from "../upstream/trouble.ts"
import { isKept } from "../upstream/warmPools.ts"
import * as Upstreams from "../upstreams.ts"
import { keepForMs } from "./warmAge.ts"
import { resized } from "./warmPoolSize.ts"

const HALVING_US = 1_000_000

/** Hands out free room. An upstream waits again only when the room is used up, so the loop ends. */
export function handOut(state: State, step: Step): State {
  let next = state
  while (next.warmTotal < next.config.poolTotal && next.wantsRoom.length > 0) {
    const [id, ...wantsRoom] = next.wantsRoom as [UpstreamId, ...Array<UpstreamId>]
    next = { ...next, wantsRoom }
    for (const candidate of Upstreams.find(next, id)?.warmPools ?? []) next = settle(next, step, candidate)
  }
  return next
}

/** Dials the missing sockets as far as the limits allow, or empties a warm pool that should not be there. */
export function settle(state: State, step: Step, id: CandidateId): State {
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
    keepForMs: keepForMs(state, candidate.upstream, drawn.value)
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

export function idle(state: State, step: Step, candidate: Candidate): State {
  const surplus = candidate.warm.ready.length - Warm.targetOf(candidate, Candidates.configOf(state, candidate), step.at)
  if (surplus <= 0) return Candidates.replace(state, candidate, Warm.idleDue(candidate, -1))
  const half = Math.ceil(surplus / 2)
  retire(step, candidate, half)
  return Candidates.replace(state, candidate, Warm.idleDue(candidate, surplus > half ? step.at + HALVING_US : -1))
}

function retire(step: Step, candidate: Candidate, count: number): void {
  decide(step, { _tag: "Retire", worker: 0, candidate: candidate.id, count })
}
