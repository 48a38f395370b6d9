/**
 * Waits for an answer that make a candidate suspect: the oldest since the last proof of life is too long (oldestWait.ts).
 *
 * - *Handshakes* (`pending`). The core watches its probes and warm dials. The data plane reports a client's dial.
 * - *First bytes* (`silent`). The data plane reports sessions that have waited for max(3 x the usual time, 100 ms). Two such
 *   sessions are as good a sign as one that has waited for 300 ms.
 *   - The silence may come from a pause of the client itself. It is taken back when that client sends again.
 *   - Where the upstream has never answered, silence is a sign under two more conditions: two sessions were silent, and
 *     clients can go to another candidate (unanswered.ts).
 */
import * as Suspicion from "../candidate/suspicion.ts"
import * as Candidates from "../candidates.ts"
import { isKnownToAnswer } from "../evidence.ts"
import { isFailureExcused } from "../frozen.ts"
import type { Candidate } from "../model/Candidate.ts"
import type { ClientClosed, DialPending, SessionSilent, SessionSpoke } from "../model/Event.ts"
import type { State } from "../model/State.ts"
import type { Step } from "../model/Step.ts"
import { pendingMs } from "../slowHandshake.ts"
import { hasOthers, isEndedWell } from "../unanswered.ts"
import { clear, suspect } from "./suspects.ts"

const SILENT_TOGETHER = 2

/** The watched handshake may have ended without an answer meanwhile. Then a later handshake may be pending. */
export function handshakeDue(state: State, step: Step, candidate: Candidate): State {
  const still = Suspicion.watched(candidate)
  const { pendingDueUs } = still.suspicion
  if (pendingDueUs >= 0 && isFailureExcused(state, candidate.id, pendingDueUs - Math.ceil(pendingMs(candidate) * 1000))) {
    return Candidates.replace(state, candidate, Suspicion.handshakeUnwatched(candidate))
  }
  return pendingDueUs >= 0 && pendingDueUs <= step.at
    ? suspect(state, step, candidate, "pending")
    : Candidates.replace(state, candidate, still)
}

/** The watched session has waited for 300 ms. */
export function firstByteDue(state: State, step: Step, candidate: Candidate): State {
  const due = Suspicion.silenceDue(candidate, step.at)
  return doubt(Candidates.replace(state, candidate, due), step, due)
}

/** The data plane reports a wait that is too long, or that is so together with another one. */
export function waitReported(state: State, step: Step, event: DialPending | SessionSilent): State {
  const candidate = Candidates.find(state, event.candidate)
  if (candidate === undefined) return state
  const { provenAtUs, byteAtUs } = candidate.suspicion
  const isDial = event._tag === "DialPending"
  const beganUs = step.at - (isDial ? event.pendingUs : event.waitedUs)
  if (beganUs <= (isDial ? provenAtUs : byteAtUs) || isFailureExcused(state, candidate.id, beganUs)) return state
  return isDial ? suspect(state, step, candidate, "pending") : silent(state, step, candidate, event.session, beganUs)
}

function silent(state: State, step: Step, candidate: Candidate, session: number, sinceUs: number): State {
  const all = [...candidate.suspicion.silent, { session, sinceUs }]
  // Where the upstream has never answered, the first silences tell most.
  const run = isKnownToAnswer(state, candidate.upstream) ? all.slice(-SILENT_TOGETHER) : all.slice(0, SILENT_TOGETHER)
  const counted = Suspicion.silent(candidate, run, step.at)
  const next = Candidates.replace(state, candidate, counted)
  const isLong = step.at - sinceUs >= Suspicion.LEAST_SILENCE_US
  return run.length >= SILENT_TOGETHER || isLong ? doubt(next, step, counted) : next
}

function doubt(state: State, step: Step, candidate: Candidate): State {
  const { upstream, suspicion: { silent } } = candidate
  const first = silent[0]
  const explores = first !== undefined && silent.length >= SILENT_TOGETHER
    && step.at - first.sinceUs >= Suspicion.LEAST_SILENCE_US && hasOthers(state, upstream)
  return explores || isKnownToAnswer(state, upstream) ? suspect(state, step, candidate, "silent") : state
}

/** A session that is over waits no more. Where the upstream has never answered, a good end is remembered. */
export function sessionOver(state: State, step: Step, event: ClientClosed): State {
  const candidate = Candidates.find(state, event.candidate)
  if (candidate === undefined) return state
  if (!isKnownToAnswer(state, candidate.upstream)) {
    return isEndedWell(event) ? Candidates.replace(state, candidate, Suspicion.endedWell(candidate)) : state
  }
  const { silent } = candidate.suspicion
  const rest = silent.filter(({ session }) => session !== event.session)
  if (rest.length === silent.length) return state
  return Candidates.replace(state, candidate, Suspicion.silent(candidate, rest, step.at))
}

/** A client that sends again had only paused. Without other signs its candidate is no suspect for that. */
export function clientWentOn(state: State, step: Step, { candidate: id, session }: SessionSpoke): State {
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

/** Sessions that died with their worker will never speak. (It looks at every candidate, which is rare.) */
export function sessionsLost(state: State): State {
  return Candidates.replaceAll(state, (one) => one.suspicion.silent.length === 0 ? one : Suspicion.noneSilent(one))
}
