/**
 * Failing: which candidates fail or show signs of failing, according to an event, before any reducer learns from it.
 *
 * - Failures: a handshake failed, or a session failed after connect.
 * - Signs: a handshake is pending for too long, a session is silent, or warm sockets were reset.
 * - A failed proof of identity is the candidate's own fault. It counts as a sign, because the network may turn out to be
 *   down.
 * - What began before the end of the upstream's last common cause says nothing.
 */
import * as Suspicion from "./candidate/suspicion.ts"
import * as Candidates from "./candidates.ts"
import type { CandidateId, Checkpoint } from "./model/Candidate.ts"
import type { State } from "./model/State.ts"
import type { Step } from "./model/Step.ts"
import * as Upstreams from "./upstreams.ts"
import { beginning, reasonOf } from "./evidence.ts"

export interface Failing {
  readonly candidate: CandidateId
  readonly failed: Checkpoint["failed"]
  readonly in: "handshake" | "proof" | "session"
}

/** Whether what began at `beganUs` began before its upstream's last common cause ended. */
export function isLate(state: State, id: CandidateId, beganUs: number): boolean {
  const upstream = Upstreams.find(state, Candidates.find(state, id)?.upstream ?? -1)
  return upstream !== undefined && upstream.returnedAtUs >= 0 && beganUs < upstream.returnedAtUs
}

/** Whether a handshake really has been pending for too long. */
function isOverdue(state: State, id: CandidateId, atUs: number): boolean {
  const candidate = Candidates.find(state, id)
  const pendingDueUs = candidate === undefined ? -1 : Suspicion.watched(candidate).suspicion.pendingDueUs
  return pendingDueUs >= 0 && pendingDueUs <= atUs
}

/** The candidates that fail or show signs, according to the event. */
export function failingOf(state: State, step: Step): ReadonlyArray<Failing> {
  const { event, samples, due } = step
  const failing: Array<Failing> = []
  for (const { candidate, failure, tookMs } of samples) {
    if (isLate(state, candidate, beginning(step) ?? step.at - Math.round(tookMs * 1000))) continue
    // A failed proof is the candidate's own fault, unless the network turns out to be down.
    const isOwn = failure === "certificate"
    if (failure !== null) failing.push({ candidate, failed: isOwn ? null : "connect", in: isOwn ? "proof" : "handshake" })
  }
  for (const { kind, id } of due) {
    // The end of a sample window changes the slow-handshake limit of a handshake that is watched.
    const isWatched = kind === "window" && (Candidates.find(state, id)?.suspicion.pendingDueUs ?? -1) >= 0
    if ((kind === "pending" && isOverdue(state, id, step.at)) || isWatched) {
      failing.push({ candidate: id, failed: null, in: "handshake" })
    }
    if (kind === "silent") failing.push({ candidate: id, failed: null, in: "session" })
  }
  if (event._tag === "DialPending") failing.push({ candidate: event.candidate, failed: null, in: "handshake" })
  if (event._tag === "WarmLost" && event.reason === "reset") {
    failing.push({ candidate: event.candidate, failed: null, in: "session" })
  }
  if (event._tag === "SessionSilent") failing.push({ candidate: event.candidate, failed: null, in: "session" })
  if (reasonOf(event) !== undefined && (event._tag === "ClientClosed" || event._tag === "SessionStalled")) {
    const candidate = Candidates.find(state, event.candidate)
    const stallMs = candidate === undefined ? 0 : Candidates.configOf(state, candidate).session.stallMs
    const beganUs = step.at - (event._tag === "ClientClosed" ? event.durationUs : stallMs * 1000)
    if (!isLate(state, event.candidate, beganUs)) {
      failing.push({ candidate: event.candidate, failed: "session", in: "session" })
    }
  }
  return failing
}
