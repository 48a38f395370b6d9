/**
 * Warm: which candidates have a warm pool, and what events say about their sockets. The size of a warm pool, its dials
 * and its limits are in rules/warmFill.ts.
 *
 * - Candidates that new clients go to now have one, also when only a prior says so. Unsuspected members have one too:
 *   they are next.
 * - No socket is dialled to a suspect or to a candidate with an open breaker.
 * - A warm pool is emptied when the breaker opens or the candidate no longer serves. All are emptied in a local outage.
 *   A suspect's warm sockets stay, because the suspicion may be wrong.
 * - A candidate has no warm pool where warm sockets hinder its clients (relief.ts).
 * - After a failed dial a pause of 100 ms follows, doubling to 5 s.
 */
import * as Warm from "../candidate/warm.ts"
import * as Candidates from "../candidates.ts"
import { isFrozen } from "../frozen.ts"
import { isVouched } from "../candidate/identity.ts"
import { backoffMs } from "../math/backoff.ts"
import { priorsOf } from "../ladder.ts"
import type { CandidateId, CandidateRef, UpstreamId } from "../model/Candidate.ts"
import type { ClientAccepted, WarmConnected, WarmFailed } from "../model/Event.ts"
import type { State } from "../model/State.ts"
import type { Step } from "../model/Step.ts"
import type { Upstream } from "../model/Upstream.ts"
import { serving } from "../serving.ts"
import { withWarmPools as withPools } from "../upstream/warmPools.ts"
import * as Upstreams from "../upstreams.ts"
import { learned } from "../rules/warmAge.ts"
import { handOut, idle, settle } from "../rules/warmFill.ts"

const BACKOFF_FIRST_MS = 100
const BACKOFF_MOST_MS = 5_000

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
    case "WarmLost": {
      const next = lost(state, event.candidate, event.warm, wanted)
      return next === state ? state : learned(next, event, step.at)
    }
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

function forgetAll(state: State): State {
  return Candidates.replaceAll({ ...state, warmTotal: 0 }, (candidate) => {
    return Warm.socketsOf(candidate) === 0 ? candidate : Warm.emptied(candidate)
  })
}
