/**
 * Relief: whether warm sockets stand in the way of clients. A warm socket is not free for the server: one that serves one
 * connection at a time sits on the oldest and reads no other, one near its limit turns new connections away.
 *
 * - When a session stays silent while warm sockets wait at its address, they are closed after a while, if it is silent still. The
 *   trial hits when the first byte comes within a window after that: twice the usual time to first byte, 100 ms to 1 s. Three hits in a
 *   row say that the server is *serial*. A session that speaks by itself, without a warm socket that ended shortly before, is a
 *   slow request: the count begins anew, and so it does after a trial that missed. The while is drawn: two to four windows,
 *   after a hit four to six, then six to eight, so requests that always take the same time cannot look relieved three times. After a
 *   miss no trial comes for 10 s, doubling up to `withholdFor`: slow requests cost a server that is not serial few warm sockets.
 * - When a probe or warm dial fails, or a warm socket is ended by the peer within a second, while an older one lives on, the server seems to be *full*: three times, at least 100 ms and at most 10 s apart. A timeout counts only where the server has sent a
 *   byte meanwhile, or the network may be dark.
 * - Then no warm sockets are kept at that address for a minute, doubling with each time up to `withholdFor`. Fact `WarmWithheld`.
 *   Other upstreams may have a shelf at the same host and port: it is emptied and withheld alike.
 */
import * as Relief from "../candidate/relief.ts"
import * as Candidates from "../candidates.ts"
import { isExcused, isFrozen } from "../frozen.ts"
import { backoffMs } from "../math/backoff.ts"
import * as Rng from "../math/Rng.ts"
import type { Candidate, CandidateId } from "../model/Candidate.ts"
import type { WithheldReason } from "../model/Candidate.ts"
import type { ClientClosed, ProbeFailed, SessionSilent, SessionSpoke, WarmFailed, WarmLost } from "../model/Event.ts"
import type { State } from "../model/State.ts"
import type { Step } from "../model/Step.ts"
import { decide, markDirty } from "../requests.ts"
import * as Upstreams from "../upstreams.ts"
import { upstreamByte } from "../evidence.ts"

const HITS = 3
const LEAST_WINDOW_MS = 100
const MOST_WINDOW_MS = 1_000
/** For the first trial, and as much more for each hit; up to as much is added by draw. */
const WAIT_WINDOWS = 2
const FIRST_PAUSE_MS = 10_000
const STRIKES = 3
const STRIKE_GAP_US = 100_000
const STRIKE_SPAN_US = 10_000_000
/** One that lived for longer was let in. */
const TURNED_AWAY_US = 1_000_000
const FIRST_WITHHOLD_MS = 60_000

export function relief(state: State, step: Step): State {
  let next = state
  for (const { kind, id } of step.due) {
    const candidate = kind === "relief" ? Candidates.find(next, id) : undefined
    if (candidate !== undefined) next = due(next, step, candidate)
  }
  const { event } = step
  switch (event._tag) {
    case "SessionSilent":
      return silent(next, step, event)
    case "SessionSpoke":
    case "ClientClosed":
      return over(next, step, event)
    case "ClientAccepted":
      return event.warm === 0 ? next : noteEnd(next, step, event.candidate)
    case "WarmLost":
      return lost(next, step, event)
    case "WarmFailed":
    case "ProbeFailed":
      return failed(next, step, event)
    default:
      return next
  }
}

/** Those that have a shelf at the same host and port, itself among them. */
function sharers(state: State, { id, host, port }: Candidate): ReadonlyArray<Candidate> {
  const pools = Upstreams.all(state).flatMap((upstream) => upstream.warmPools)
  return Candidates.among(state, new Set([id, ...pools])).filter((one) => one.host === host && one.port === port)
}

function windowUs(state: State, { upstream }: Candidate): number {
  const expectedMs = 2 * (Upstreams.find(state, upstream)?.firstByte.value ?? 0)
  const windowMs = expectedMs < LEAST_WINDOW_MS ? LEAST_WINDOW_MS : expectedMs > MOST_WINDOW_MS ? MOST_WINDOW_MS : expectedMs
  return Math.ceil(windowMs * 1000)
}

function silent(state: State, step: Step, { candidate: id, session }: SessionSilent): State {
  const candidate = Candidates.find(state, id)
  if (candidate === undefined || candidate.relief.phase !== "idle" || step.at < candidate.relief.notBeforeUs) return state
  if (isFrozen(state, candidate) || sharers(state, candidate).every(({ warm }) => warm.ready.length === 0)) return state
  const drawn = Rng.uniform(state.rng)
  const waitUs = Math.ceil(windowUs(state, candidate) * WAIT_WINDOWS * (1 + candidate.relief.hits + drawn.value))
  const next = { ...state, rng: drawn.rng }
  return Candidates.replace(next, candidate, Relief.watching(candidate, session, step.at + waitUs))
}

function due(state: State, step: Step, candidate: Candidate): State {
  const { phase, session, misses } = candidate.relief
  markDirty(step, candidate.upstream)
  if (phase === "watching") return relieve(state, step, candidate)
  if (phase === "withheld" || session === 0) return Candidates.replace(state, candidate, Relief.idle(candidate, 0))
  const mostMs = Candidates.configOf(state, candidate).pool.withholdForMs
  const pauseMs = backoffMs(misses, FIRST_PAUSE_MS, mostMs > FIRST_PAUSE_MS ? mostMs : FIRST_PAUSE_MS)
  return Candidates.replace(state, candidate, Relief.missed(candidate, step.at + pauseMs * 1000))
}

/** The shelves there are emptied by the warm reducer, later in this step. */
function relieve(state: State, step: Step, candidate: Candidate): State {
  const all = sharers(state, candidate)
  if (all.every(({ warm }) => warm.ready.length === 0)) return Candidates.replace(state, candidate, Relief.idle(candidate))
  const dueUs = step.at + windowUs(state, candidate)
  let next = state
  for (const one of all) {
    if (one.relief.phase === "withheld") continue
    markDirty(step, one.upstream)
    const session = one.id === candidate.id ? candidate.relief.session : 0
    next = Candidates.replace(next, one, Relief.relieved(one, session, dueUs, step.at))
  }
  return next
}

/** What came of the session that was silent. */
function over(state: State, step: Step, event: SessionSpoke | ClientClosed): State {
  const candidate = Candidates.find(state, event.candidate)
  if (candidate === undefined || candidate.relief.session !== event.session || event.session === 0) return state
  const { phase, endedAtUs, hits } = candidate.relief
  const heardUs = upstreamByte(event, step.at)?.atUs ?? -1
  markDirty(step, candidate.upstream)
  // Who left without an answer says nothing.
  const isRelieved = endedAtUs >= 0 && heardUs >= endedAtUs && heardUs <= endedAtUs + windowUs(state, candidate)
  const counted = heardUs < 0 ? hits : !isRelieved ? 0 : phase === "relieved" ? hits + 1 : hits
  if (counted >= HITS) return withhold(state, step, candidate, "serial")
  const after = counted > hits ? Relief.hit(candidate, counted) : Relief.idle(candidate, counted)
  return Candidates.replace(state, candidate, after)
}

/** A warm socket ended, in whatever way, while a session waits. */
function noteEnd(state: State, step: Step, id: CandidateId): State {
  const candidate = Candidates.find(state, id)
  return candidate?.relief.phase === "watching"
    ? Candidates.replace(state, candidate, Relief.ended(candidate, step.at))
    : state
}

/** Called before the warm reducer takes the socket out. */
function lost(state: State, step: Step, { candidate: id, warm, reason, ageUs }: WarmLost): State {
  const next = noteEnd(state, step, id)
  const candidate = Candidates.find(next, id)
  const place = candidate?.warm.ready.indexOf(warm) ?? -1
  if (candidate === undefined || place < 0 || (reason !== "closed" && reason !== "reset")) return next
  if (place === 0) {
    const { strikes, struckAtUs } = candidate.relief
    return strikes === 0 ? next : Candidates.replace(next, candidate, Relief.struck(candidate, 0, struckAtUs))
  }
  return ageUs < TURNED_AWAY_US ? strike(next, step, candidate) : next
}

function failed(state: State, step: Step, event: WarmFailed | ProbeFailed): State {
  const { candidate: id, reason, tookUs } = event
  const candidate = Candidates.find(state, id)
  if (candidate === undefined || candidate.warm.ready.length === 0 || isExcused(state, id, step.at - tookUs)) return state
  const isAnswer = "warm" in event
    ? candidate.warm.dialling.some((one) => one.id === event.warm)
    : candidate.probe === event.probe
  if (!isAnswer) return state
  const spoke = reason === "timeout" && candidate.suspicion.byteAtUs >= step.at - tookUs
  return reason === "refused" || reason === "reset" || spoke ? strike(state, step, candidate) : state
}

/** A new connection was turned away while an older warm one lives. */
function strike(state: State, step: Step, candidate: Candidate): State {
  const { phase, strikes, struckAtUs } = candidate.relief
  if (phase === "withheld") return state
  const sinceUs = step.at - struckAtUs
  const isFollowing = strikes > 0 && sinceUs <= STRIKE_SPAN_US
  if (isFollowing && sinceUs < STRIKE_GAP_US) return state
  const counted = isFollowing ? strikes + 1 : 1
  if (counted >= STRIKES) return withhold(state, step, candidate, "full")
  return Candidates.replace(state, candidate, Relief.struck(candidate, counted, step.at))
}

function withhold(state: State, step: Step, candidate: Candidate, reason: WithheldReason): State {
  let next = state
  for (const one of sharers(state, candidate)) {
    const mostMs = Candidates.configOf(state, one).pool.withholdForMs
    const { times, withheldUntilUs } = one.relief
    const isForgotten = withheldUntilUs >= 0 && step.at - withheldUntilUs > mostMs * 1000
    const before = isForgotten ? 0 : times
    const forMs = backoffMs(before, FIRST_WITHHOLD_MS < mostMs ? FIRST_WITHHOLD_MS : mostMs, mostMs)
    const dueUs = step.at + Math.ceil(forMs * 1000)
    markDirty(step, one.upstream)
    decide(step, { _tag: "WarmWithheld", upstream: one.upstream, candidate: one.id, reason, forMs })
    next = Candidates.replace(next, one, Relief.withheld(one, reason, dueUs, before + 1))
  }
  return next
}
