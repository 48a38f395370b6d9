/**
 * Relief: warm sockets are closed and withheld where they hinder clients. A warm socket is not free for the server. A
 * server that serves one connection at a time waits on the oldest and reads no other. A server near its limit turns new
 * connections away.
 *
 * A *serial* server serves one connection at a time:
 * - A session stays silent while warm sockets wait at its address. After a wait they are closed, if the session is
 *   still silent. This is a trial.
 * - The trial hits when the first byte comes within a window afterwards: twice the usual time to first byte, 100 ms to
 *   1 s. Three hits in a row prove a serial server.
 * - A session may speak by itself, without a warm socket that ended shortly before. Then its request was slow, and the
 *   count of hits is zero again. A trial that missed has the same effect.
 * - The wait is drawn: two to four windows at first, four to six after one hit, six to eight after two. So requests
 *   that always take the same time cannot look relieved three times.
 * - After a miss the next trial comes after 10 s at the earliest, doubling up to `withholdFor`. So slow requests cost a
 *   server that is not serial few warm sockets.
 *
 * A *full* server turns new connections away while an older warm socket lives:
 * - Its signs are a failed probe, a failed warm dial, and a warm socket that the peer ended within a second.
 * - A timeout counts only where the server has sent a byte meanwhile. Otherwise the network may be down.
 * - Three signs prove it, each at least 100 ms and at most 10 s after the one before.
 *
 * Then that address has no warm sockets for a minute, doubling with each time up to `withholdFor`. Other upstreams may
 * have a warm pool at the same host and port: it is emptied and withheld as well. Fact: `WarmWithheld`.
 */
import * as Relief from "../candidate/relief.ts"
import * as Candidates from "../candidates.ts"
import { isExcused, isFrozen } from "../frozen.ts"
import { backoffMs } from "../math/backoff.ts"
import * as Rng from "../math/Rng.ts"
import type { Candidate, CandidateRef, WithheldReason } from "../model/Candidate.ts"
import type { ClientClosed, ProbeFailed, SessionSilent, SessionSpoke, WarmFailed, WarmLost } from "../model/Event.ts"
import type { State } from "../model/State.ts"
import type { Step } from "../model/Step.ts"
import { decide, markDirty } from "../requests.ts"
import * as Upstreams from "../upstreams.ts"
import { upstreamByte } from "../evidence.ts"

const HITS = 3
const LEAST_WINDOW_MS = 100
const MOST_WINDOW_MS = 1_000
/** The wait before the first trial, in windows. Each hit adds as much, and the draw adds up to as much. */
const WAIT_WINDOWS = 2
const FIRST_PAUSE_MS = 10_000
const STRIKES = 3
const STRIKE_GAP_US = 100_000
const STRIKE_SPAN_US = 10_000_000
/** A warm socket that lived for longer was accepted by the server. */
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

/** The candidate itself, and those with a warm pool at the same host and port. */
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

/** The warm reducer empties these warm pools later in this step. */
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

/** Judges the trial, once the session that was silent speaks or ends. */
function over(state: State, step: Step, event: SessionSpoke | ClientClosed): State {
  const candidate = Candidates.find(state, event.candidate)
  if (candidate === undefined || candidate.relief.session !== event.session || event.session === 0) return state
  const { phase, endedAtUs, hits } = candidate.relief
  const heardUs = upstreamByte(event, step.at)?.atUs ?? -1
  markDirty(step, candidate.upstream)
  // A client that left without an answer says nothing.
  const isRelieved = endedAtUs >= 0 && heardUs >= endedAtUs && heardUs <= endedAtUs + windowUs(state, candidate)
  const counted = heardUs < 0 ? hits : !isRelieved ? 0 : phase === "relieved" ? hits + 1 : hits
  if (counted >= HITS) return withhold(state, step, candidate, "serial")
  const after = counted > hits ? Relief.hit(candidate, counted) : Relief.idle(candidate, counted)
  return Candidates.replace(state, candidate, after)
}

/** Notes that a warm socket ended, in whatever way, while a session waits. */
function noteEnd(state: State, step: Step, id: CandidateRef): State {
  const candidate = Candidates.find(state, id)
  return candidate?.relief.phase === "watching"
    ? Candidates.replace(state, candidate, Relief.ended(candidate, step.at))
    : state
}

/** Runs before the warm reducer removes the socket. */
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
  if (candidate === undefined || candidate.warm.ready.length === 0 || isExcused(state, candidate.id, step.at - tookUs)) {
    return state
  }
  const isAnswer = "warm" in event
    ? candidate.warm.dialling.some((one) => one.id === event.warm)
    : candidate.probe === event.probe
  if (!isAnswer) return state
  const spoke = reason === "timeout" && candidate.suspicion.byteAtUs >= step.at - tookUs
  return reason === "refused" || reason === "reset" || spoke ? strike(state, step, candidate) : state
}

/** Counts a sign: the server turned a new connection away while an older warm socket lives. */
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
