/**
 * Suspicion: signs that a candidate may have died, from before there is proof. It costs nothing when it is wrong: new
 * clients go to unsuspected members, then to the best measured candidates outside the set, and only then to suspects.
 *
 * A candidate is suspect
 * - `pending`: while a probe, warm dial or client's dial has been pending for longer than max(3 x its latency, 100 ms), and
 *   no handshake that began later was answered (then a packet was lost, and nobody is dead). A successful handshake clears
 *   it; it is probed at once.
 * - `silent`: while a session has had no first byte for max(3 x the upstream's usual time to first byte, 300 ms) after client
 *   bytes; two such sessions that have waited for max(3 x usual, 100 ms) are as good a sign as one that has waited for 300.
 *   Only sessions that began to wait after the latest byte that the candidate
 *   is known to have sent to anybody: of all others the request is slow, or a packet was lost, and nobody is dead. So a slow
 *   request is no sign itself, and hides none. Silence of which a client's own pause was the reason is taken back when it goes on
 *   sending. Where the upstream has never answered see unanswered.ts.
 * - `reset`, `unanswered`: after sessions were reset before any upstream byte, or ended otherwise without one (unanswered.ts).
 * - `parked-reset`: when at least half of four or more parked sockets were reset within 100 ms (a polite end never counts).
 *
 * In an outage of this machine's own network nobody is suspected (outage.ts).
 *
 * The last three are cleared by an upstream byte that came after the suspicion. As a suspect may get no client, and so no
 * byte, they also lapse: after five times `firstTrial`, doubling with each renewal up to `maxCooldown`. A handshake proves
 * nothing here, so the trial is a client, and comes later than one with a probe. After a lapse the candidate ramps up like
 * one whose breaker closed.
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
/** Usual time to first byte: over some minutes, as it changes with what clients ask. */
const FIRST_BYTE_DECAY_MS = 60_000

export function suspicion(state: State, step: Step): State {
  let next = state
  for (const { kind, id } of step.due) {
    const candidate = Candidates.find(next, id)
    if (candidate === undefined) continue
    // An entry changes what is too long.
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

/** Silence that should be told to the core, in ms: two sessions that wait for so long make a suspect. */
function silenceMs(firstByte: Ewma.Ewma): number {
  const expected = LATENCIES * firstByte.value
  return expected > LEAST_SHARED_SILENCE_MS ? expected : LEAST_SHARED_SILENCE_MS
}

/** What was watched may have ended meanwhile in another way than by an answer; then something later may be pending. */
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

/** It answered: what began before this handshake and is still pending was lost on the way, not by a dead candidate. */
function handshake(state: State, step: Step, candidate: Candidate, tookMs: number): State {
  const beganUs = step.at - Math.floor(tookMs * 1000)
  return clear(state, step, candidate, Suspicion.watched(Suspicion.proven(candidate, beganUs)))
}

function silent(state: State, step: Step, { candidate: id, session, waitedUs }: SessionSilent): State {
  const candidate = Candidates.find(state, id)
  const sinceUs = step.at - waitedUs
  if (candidate === undefined || sinceUs <= candidate.suspicion.byteAtUs) return state
  const all = [...candidate.suspicion.silent, { session, sinceUs }]
  // Without any answer the first ones tell most.
  const run = isKnownToAnswer(state, candidate.upstream) ? all.slice(-SILENT_TOGETHER) : all.slice(0, SILENT_TOGETHER)
  const counted = Suspicion.silent(candidate, run, step.at)
  const next = Candidates.replace(state, candidate, counted)
  return run.length >= SILENT_TOGETHER || waitedUs >= Suspicion.LEAST_SILENCE_US ? doubt(next, step, counted) : next
}

/** Of an upstream that has never answered, silence is a sign when two have met it and clients can go to somebody else. */
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

/** A session that is over waits no more; of an upstream that has never answered it is remembered. */
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

/** Sessions that died with their worker will never speak. (A rare event: a look at everybody.) */
function silenced(state: State): State {
  return Candidates.replaceAll(state, (one) => one.suspicion.silent.length === 0 ? one : Suspicion.noneSilent(one))
}

/** A byte that came after the suspicion clears it; whoever waited when it came is not kept waiting by a dead candidate. */
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
  // Routes carry the threshold: they are renewed when it has moved by more than a fifth, not with every session.
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

/** A client that sends again had only paused: where nothing else speaks against the candidate, it is no suspect for that. */
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

/** Called before the warm reducer takes the socket out, so `parked` still counts it. */
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
  // Nothing is known that would make one of those better that have never answered.
  const ramps = isKnownToAnswer(state, candidate.upstream) && Candidates.isListed(candidate)
  const ramped = ramps ? Breaker.ramping(candidate, step.at, rampMs) : candidate
  markDirty(step, candidate.upstream)
  return clear(Candidates.replace(state, candidate, ramped), step, ramped, Suspicion.sessionCleared(ramped))
}
