/**
 * Suspicion: signs that a candidate may have died, before there is proof. A wrong suspicion costs nothing. New clients
 * go to unsuspected members, then to the best measured candidates outside the set, and only then to suspects.
 *
 * A candidate becomes a suspect for one of these reasons:
 * - `pending`: a probe, warm dial or client's dial has been pending for longer than max(3 x its latency, 100 ms). It is
 *   no sign when a handshake that began later was answered: then only a packet was lost. The suspect is probed at once,
 *   and a successful handshake clears it.
 * - `silent`: a session has had no first byte for max(3 x the upstream's usual time to first byte, 300 ms) after the
 *   client's bytes. Two sessions that have waited for max(3 x the usual time, 100 ms) are as good a sign as one that
 *   has waited for 300 ms.
 *   - Only sessions count that began to wait after the candidate's latest known byte to any client. In all others the
 *     request is slow, or a packet was lost. So a slow request is no sign and hides none.
 *   - The silence may come from a pause of the client itself. It is taken back when that client sends again.
 *   - Where the upstream has never answered, see unanswered.ts.
 * - `reset`, `unanswered`: sessions were reset before any upstream byte, or ended otherwise without one
 *   (unanswered.ts).
 * - Resets of warm sockets: at least half of four or more warm sockets were reset within 100 ms. A socket that the
 *   server closed in order never counts.
 *
 * In a local outage no candidate is suspected (outage.ts).
 *
 * Suspicions other than `pending` end in two ways:
 * - An upstream byte that came after the suspicion clears it.
 * - It lapses after five times `firstTrial`, doubling with each renewal up to `maxCooldown`. A suspect may get no
 *   client, and then no byte could clear it. A handshake proves nothing here, so the trial is a client, and comes later
 *   than one with a probe. After a lapse the slow-start weight grows as after a breaker closed.
 */
import * as Breaker from "../candidate/breaker.ts"
import * as Suspicion from "../candidate/suspicion.ts"
import * as Warm from "../candidate/warm.ts"
import * as Candidates from "../candidates.ts"
import { isFailureExcused } from "../frozen.ts"
import * as Ewma from "../math/Ewma.ts"
import type { Candidate } from "../model/Candidate.ts"
import type { ClientClosed, SessionSilent, SessionSpoke } from "../model/Event.ts"
import type { State } from "../model/State.ts"
import type { Step } from "../model/Step.ts"
import { markDirty } from "../requests.ts"
import { LATENCIES, pendingMs } from "../slowHandshake.ts"
import * as Answers from "../upstream/answers.ts"
import * as Upstreams from "../upstreams.ts"
import { failureAfterConnect, isKnownToAnswer, upstreamByte } from "../evidence.ts"
import { clear, suspect } from "../rules/suspects.ts"
import { hasOthers, isEndedWell, isSign } from "../unanswered.ts"

export const LEAST_SHARED_SILENCE_MS = 100
const SILENT_TOGETHER = 2
const LEAST_WARM = 4
/** The usual time to first byte decays over some minutes, because it changes with the requests of clients. */
const FIRST_BYTE_DECAY_MS = 60_000

export function suspicion(state: State, step: Step): State {
  let next = state
  for (const { kind, id } of step.due) {
    const candidate = Candidates.find(next, id)
    if (candidate === undefined) continue
    // A sample changes how long a handshake may be pending.
    if (kind === "pending" || kind === "window") next = pendingTooLong(next, step, candidate)
    if (kind === "silent") next = silentTooLong(next, step, candidate)
    if (kind === "lapse") next = lapse(next, step, candidate)
  }
  for (const { candidate: id, failure, tookMs } of step.samples) {
    const candidate = Candidates.find(next, id)
    if (candidate !== undefined && failure === null) next = handshake(next, step, candidate, tookMs)
  }
  return sessions(next, step)
}

/** Silence that is reported to the core, in ms: two sessions that wait for so long make a suspect. */
function silenceMs(firstByte: Ewma.Ewma): number {
  const expected = LATENCIES * firstByte.value
  return expected > LEAST_SHARED_SILENCE_MS ? expected : LEAST_SHARED_SILENCE_MS
}

/** The watched handshake may have ended without an answer meanwhile. Then a later handshake may be pending. */
function pendingTooLong(state: State, step: Step, candidate: Candidate): State {
  const still = Suspicion.watched(candidate)
  const { pendingDueUs } = still.suspicion
  if (pendingDueUs >= 0 && isFailureExcused(state, candidate.id, pendingDueUs - Math.ceil(pendingMs(candidate) * 1000))) {
    return Candidates.replace(state, candidate, Suspicion.handshakeUnwatched(candidate))
  }
  return pendingDueUs >= 0 && pendingDueUs <= step.at
    ? suspect(state, step, candidate, "pending")
    : Candidates.replace(state, candidate, still)
}

function sessions(state: State, step: Step): State {
  const { event } = step
  switch (event._tag) {
    case "DialPending": {
      const candidate = Candidates.find(state, event.candidate)
      const beganUs = step.at - event.pendingUs
      const overtaken = candidate === undefined || beganUs <= candidate.suspicion.provenAtUs
      return overtaken || isFailureExcused(state, candidate.id, beganUs) ? state : suspect(state, step, candidate, "pending")
    }
    case "SessionSilent":
      return isFailureExcused(state, event.candidate, step.at - event.waitedUs) ? state : silent(state, step, event)
    case "SessionSpoke":
      return event.side === undefined ? byte(state, step) : resumed(state, step, event)
    case "ClientClosed":
      return failed(baselineFirstByte(byte(ended(state, step, event), step), step, event), step)
    case "SessionStalled":
      return failed(state, step)
    case "WarmLost":
      return event.reason === "reset" ? warmReset(state, step, event.candidate, event.warm) : state
    case "WorkerLost":
      return silenced(state)
    default:
      return state
  }
}

/** The candidate answered. Handshakes that began before this one and are still pending were lost on the way. */
function handshake(state: State, step: Step, candidate: Candidate, tookMs: number): State {
  const beganUs = step.at - Math.floor(tookMs * 1000)
  return clear(state, step, candidate, Suspicion.watched(Suspicion.proven(candidate, beganUs)))
}

function silent(state: State, step: Step, { candidate: id, session, waitedUs }: SessionSilent): State {
  const candidate = Candidates.find(state, id)
  const sinceUs = step.at - waitedUs
  if (candidate === undefined || sinceUs <= candidate.suspicion.byteAtUs) return state
  const all = [...candidate.suspicion.silent, { session, sinceUs }]
  // Where the upstream has never answered, the first silences tell most.
  const run = isKnownToAnswer(state, candidate.upstream) ? all.slice(-SILENT_TOGETHER) : all.slice(0, SILENT_TOGETHER)
  const counted = Suspicion.silent(candidate, run, step.at)
  const next = Candidates.replace(state, candidate, counted)
  return run.length >= SILENT_TOGETHER || waitedUs >= Suspicion.LEAST_SILENCE_US ? doubt(next, step, counted) : next
}

/**
 * Where the upstream has never answered, silence is a sign under two conditions: two sessions were silent, and clients
 * can go to another candidate.
 */
function doubt(state: State, step: Step, candidate: Candidate): State {
  const { upstream, suspicion: { silent } } = candidate
  const first = silent[0]
  const explores = first !== undefined && silent.length >= SILENT_TOGETHER
    && step.at - first.sinceUs >= Suspicion.LEAST_SILENCE_US && hasOthers(state, upstream)
  return explores || isKnownToAnswer(state, upstream) ? suspect(state, step, candidate, "silent") : state
}

function silentTooLong(state: State, step: Step, candidate: Candidate): State {
  const due = Suspicion.silenceDue(candidate, step.at)
  return doubt(Candidates.replace(state, candidate, due), step, due)
}

/** A session that is over waits no more. Where the upstream has never answered, a good end is remembered. */
function ended(state: State, step: Step, event: ClientClosed): State {
  const { session } = event
  const candidate = Candidates.find(state, event.candidate)
  if (candidate === undefined) return state
  if (!isKnownToAnswer(state, candidate.upstream)) {
    return isEndedWell(event) ? Candidates.replace(state, candidate, Suspicion.endedWell(candidate)) : state
  }
  if (candidate.suspicion.silent.length === 0) return state
  const rest = candidate.suspicion.silent.filter((one) => one.session !== session)
  if (rest.length === candidate.suspicion.silent.length) return state
  return Candidates.replace(state, candidate, Suspicion.silent(candidate, rest, step.at))
}

/** Sessions that died with their worker will never speak. (It looks at every candidate, which is rare.) */
function silenced(state: State): State {
  return Candidates.replaceAll(state, (one) => one.suspicion.silent.length === 0 ? one : Suspicion.noneSilent(one))
}

/** A byte that came after the suspicion clears it. Sessions that waited when it came count as silent no more. */
function byte(state: State, step: Step): State {
  const heard = upstreamByte(step.event, step.at)
  const candidate = Candidates.find(state, heard?.candidate)
  if (heard === undefined || candidate === undefined) return state
  const { suspicion } = candidate
  const after = Suspicion.heard(candidate, heard.atUs, step.at)
  if (suspicion.renewals === 0 || heard.atUs <= suspicion.sinceUs) return Candidates.replace(state, candidate, after)
  return clear(state, step, candidate, Suspicion.sessionCleared(after, 0))
}

function baselineFirstByte(state: State, step: Step, event: ClientClosed): State {
  const candidate = Candidates.find(state, event.candidate)
  const upstream = candidate === undefined ? undefined : Upstreams.find(state, candidate.upstream)
  if (upstream === undefined || event.firstByteUs < 0) return state
  if (!upstream.answered) markDirty(step, upstream.id)
  if (event.answerUs < 0) return Upstreams.replace(state, upstream, Answers.answered(upstream))
  const firstByte = Ewma.add(upstream.firstByte, event.answerUs / 1000, step.at, FIRST_BYTE_DECAY_MS)
  const shouldMs = silenceMs(firstByte)
  // Routes carry the threshold. They are renewed when it has moved by more than a fifth, and not with every session.
  const moved = Math.abs(shouldMs - upstream.silentAfterMs) > upstream.silentAfterMs / 5
  if (moved) markDirty(step, upstream.id)
  const silentAfterMs = moved ? shouldMs : upstream.silentAfterMs
  return Upstreams.replace(state, upstream, Answers.timed(upstream, firstByte, silentAfterMs))
}

function failed(state: State, step: Step): State {
  const failure = failureAfterConnect(state, step.event, step.at)
  const candidate = Candidates.find(state, failure?.candidate)
  if (failure === undefined || candidate === undefined) return state
  const counted = Suspicion.failedAfterConnect(candidate, step.at)
  const next = Candidates.replace(state, candidate, counted)
  if (!isSign(state, counted, failure.reason, step.at)) return next
  return suspect(next, step, counted, failure.reason === "reset" ? "reset" : "unanswered")
}

/** A client that sends again had only paused. Without other signs its candidate is no suspect for that. */
function resumed(state: State, step: Step, { candidate: id, session }: SessionSpoke): State {
  const candidate = Candidates.find(state, id)
  const paused = candidate?.suspicion.silent.find((one) => one.session === session)
  if (candidate === undefined || paused === undefined) return state
  const { suspicion } = candidate
  const rest = suspicion.silent.filter((one) => one !== paused)
  const after = Suspicion.silent(candidate, rest, step.at)
  const isReason = suspicion.session && rest.length === 0 && suspicion.failures === 0 && paused.sinceUs < suspicion.sinceUs
  if (!isReason) return Candidates.replace(state, candidate, after)
  return clear(state, step, candidate, Suspicion.sessionCleared(after, suspicion.renewals - 1))
}

/** Runs before the warm reducer removes the socket, so that `ready` still has it. */
function warmReset(state: State, step: Step, id: number, socket: number): State {
  const candidate = Candidates.find(state, id)
  if (candidate === undefined || !candidate.warm.ready.includes(socket)) return state
  const counted = Warm.reset(candidate, step.at)
  const { resets, ready } = counted.warm
  const readyAtFirst = ready.length + resets - 1
  const next = Candidates.replace(state, candidate, counted)
  return readyAtFirst >= LEAST_WARM && resets * 2 >= readyAtFirst ? suspect(next, step, counted, "parked-reset") : next
}

function lapse(state: State, step: Step, candidate: Candidate): State {
  const { rampMs } = Candidates.configOf(state, candidate).breaker
  // Where the upstream has never answered, nothing is known that would make this candidate better.
  const ramps = isKnownToAnswer(state, candidate.upstream) && Candidates.isListed(candidate)
  const ramped = ramps ? Breaker.ramping(candidate, step.at, rampMs) : candidate
  markDirty(step, candidate.upstream)
  return clear(Candidates.replace(state, candidate, ramped), step, ramped, Suspicion.sessionCleared(ramped))
}
