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
import type { CandidateId, Checkpoint, Endpoint } from "./model/Candidate.ts"
import type { State } from "./model/State.ts"
import type { Step } from "./model/Step.ts"
import { isLate } from "./frozen.ts"
import { beginning, brokenSession } from "./evidence.ts"

export interface Failing {
  readonly candidate: Endpoint
  readonly failed: Checkpoint["failed"]
  readonly in: "handshake" | "proof" | "session"
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
    const isPending = isWatched || (kind === "pending" && isOverdue(state, id, step.at))
    if (isPending || kind === "silent") {
      failing.push({ candidate: id, failed: null, in: isPending ? "handshake" : "session" })
    }
  }
  const isPending = event._tag === "DialPending"
  if (isPending || event._tag === "SessionSilent" || (event._tag === "WarmLost" && event.reason === "reset")) {
    failing.push({ candidate: event.candidate, failed: null, in: isPending ? "handshake" : "session" })
  }
  const broken = brokenSession(state, event, step.at)
  if (broken !== undefined && !isLate(state, broken.candidate, broken.beganUs)) {
    failing.push({ candidate: broken.candidate, failed: "session", in: "session" })
  }
  return failing
}
