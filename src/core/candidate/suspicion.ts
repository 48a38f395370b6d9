/**
 * Suspicion: the signs against a candidate, and what is watched for more signs.
 *
 * This file alone writes the suspicion. rules/waits.ts, rules/brokenSessions.ts and unanswered.ts decide what counts as a
 * sign, rules/suspects.ts how a suspicion begins and ends.
 */
import type { Candidate, Suspicion } from "../model/Candidate.ts"
import { tooLongAtUs } from "../oldestWait.ts"
import { pendingMs } from "../slowHandshake.ts"
import { isCheckDue } from "./identity.ts"

/** A session that is silent for this long is a sign by itself, and is watched no more. */
export const LEAST_SILENCE_US = 300_000
const MOST_NEEDED = 8
const REMEMBERED_US = 60_000_000
/** More failures than this would only have to be cancelled later. */
const MOST_FAILURES = 64
const NO_WAITS: ReadonlyArray<number> = []

export const noSuspicion: Suspicion = {
  pending: false,
  pendingDueUs: -1,
  provenAtUs: -1,
  byteAtUs: -1,
  silent: [],
  silentDueUs: -1,
  session: false,
  sinceUs: -1,
  lapseDueUs: -1,
  lapsedAtUs: -1,
  renewals: 0,
  failures: 0,
  failedAtUs: -1,
  refutations: 0,
  refutedAtUs: -1
}

function changed(candidate: Candidate, changes: Partial<Suspicion>): Candidate {
  return { ...candidate, suspicion: { ...candidate.suspicion, ...changes } }
}

/** Watches the oldest handshake under way that no answer has overtaken. */
export function watched(candidate: Candidate): Candidate {
  const { suspicion } = candidate
  const limitUs = Math.ceil(pendingMs(candidate) * 1000)
  const pendingDueUs = tooLongAtUs(handshakesOf(candidate), suspicion.provenAtUs, limitUs)
  return pendingDueUs === suspicion.pendingDueUs ? candidate : changed(candidate, { pendingDueUs })
}

/**
 * When the handshakes under way began that may be a sign. A candidate that was never measured serves no client, unless it has
 * a prior, so its handshakes are none.
 */
function handshakesOf(candidate: Candidate): ReadonlyArray<number> {
  const { suspicion, warm, probe, probedAtUs, costMs, lastSampleAtUs, prior } = candidate
  if (suspicion.pending || (costMs < 0 && (prior === null || lastSampleAtUs >= 0))) return NO_WAITS
  const dials = warm.dialling.length === 0 ? NO_WAITS : warm.dialling.map(({ atUs }) => atUs)
  // A probe with a proof of identity takes some more round trips, and fails by itself.
  return probe !== 0 && !isCheckDue(candidate, probedAtUs) ? [probedAtUs, ...dials] : dials
}

/** No handshake is watched. */
export function handshakeUnwatched(candidate: Candidate): Candidate {
  return changed(candidate, { pendingDueUs: -1 })
}

/** It answered a handshake that began then. That answer has overtaken pending handshakes that began before. */
export function proven(candidate: Candidate, beganUs: number): Candidate {
  return overtaken(candidate.suspicion.pending ? changed(candidate, { pending: false }) : candidate, beganUs)
}

/** Handshakes that began by then do not count any more. */
export function overtaken(candidate: Candidate, beganUs: number): Candidate {
  const { provenAtUs } = candidate.suspicion
  return changed(candidate, { provenAtUs: beganUs > provenAtUs ? beganUs : provenAtUs })
}

/** These sessions are silent. The first of them that has not yet waited for 300 ms is watched. */
export function silent(candidate: Candidate, sessions: Suspicion["silent"], atUs: number): Candidate {
  return { ...candidate, suspicion: waiting(candidate.suspicion, sessions, atUs) }
}

/** The watched session has waited for 300 ms, so the next one is watched. */
export function silenceDue(candidate: Candidate, atUs: number): Candidate {
  return silent(changed(candidate, { silentDueUs: -1 }), candidate.suspicion.silent, atUs)
}

/** No session is known to be silent. */
export function noneSilent(candidate: Candidate): Candidate {
  return changed(candidate, { silent: [], silentDueUs: -1 })
}

/**
 * Sessions that have waited for 300 ms were looked at, and are watched no more. A moment that has come stays due until its
 * tick. The tick may be a little late, and no event in between may lose the moment.
 */
function waiting(suspicion: Suspicion, silent: Suspicion["silent"], atUs: number): Suspicion {
  const { silentDueUs } = suspicion
  const lookedAtUs = silentDueUs >= 0 && silentDueUs <= atUs ? silentDueUs - 1 : atUs
  const beganUs = silent.map(({ sinceUs }) => sinceUs)
  return { ...suspicion, silent, silentDueUs: tooLongAtUs(beganUs, lookedAtUs - LEAST_SILENCE_US, LEAST_SILENCE_US) }
}

/**
 * An upstream byte came at `heardAtUs`. It ends the row of failures, and the silence of all sessions that waited before it.
 */
export function heard(candidate: Candidate, heardAtUs: number, atUs: number): Candidate {
  const { suspicion } = candidate
  const byteAtUs = heardAtUs > suspicion.byteAtUs ? heardAtUs : suspicion.byteAtUs
  // Nearly every byte comes while there is no sign.
  if (suspicion.silent.length === 0 && suspicion.silentDueUs < 0 && suspicion.failures === 0) {
    return { ...candidate, suspicion: { ...suspicion, byteAtUs } }
  }
  const still = suspicion.silent.filter(({ sinceUs }) => sinceUs > byteAtUs)
  return silent(changed(candidate, { ...afterByte(suspicion, heardAtUs, atUs), byteAtUs }), still, atUs)
}

/** If failures had made the candidate suspect, the byte refutes that. */
function afterByte(suspicion: Suspicion, heardAtUs: number, atUs: number): Partial<Suspicion> {
  if (suspicion.failures === 0 || heardAtUs <= suspicion.failedAtUs) return {}
  if (!suspicion.session) return { failures: 0 }
  const refutations = neededAfter(suspicion, atUs) === 1 ? 1 : suspicion.refutations + 1
  return { failures: 0, refutations, refutedAtUs: atUs }
}

/** How many failures in a row make a sign, after signs that were refuted lately. */
export function neededAfter({ refutedAtUs, refutations }: Suspicion, atUs: number): number {
  if (refutedAtUs < 0 || atUs - refutedAtUs > REMEMBERED_US) return 1
  let needed = 1
  for (let i = 0; i < refutations && needed < MOST_NEEDED; i++) needed *= 2
  return needed
}

/** One more session failed after connect. */
export function failedAfterConnect(candidate: Candidate, atUs: number): Candidate {
  const { failures } = candidate.suspicion
  return changed(candidate, { failures: failures < MOST_FAILURES ? failures + 1 : MOST_FAILURES, failedAtUs: atUs })
}

/** One more session ended well without an answer, which cancels a failure. */
export function endedWell(candidate: Candidate): Candidate {
  const { failures, silent } = candidate.suspicion
  if (failures === 0 && silent.length === 0) return candidate
  return changed(candidate, { failures: failures > 0 ? failures - 1 : 0, silent: silent.slice(1) })
}

/** It is suspect because a handshake is pending for too long. */
export function suspectOfHandshake(candidate: Candidate, atUs: number): Candidate {
  return changed(candidate, { pending: true, pendingDueUs: -1, sinceUs: atUs })
}

/** It is suspect because of its sessions, until that lapses. */
export function suspectOfSession(
  candidate: Candidate,
  atUs: number,
  lapseDueUs: number,
  renewals: number = candidate.suspicion.renewals
): Candidate {
  return changed(candidate, { session: true, renewals, lapseDueUs, sinceUs: atUs })
}

/** Its sessions do not make it suspect any more. `renewals`: how often that is remembered to have happened. */
export function sessionCleared(candidate: Candidate, renewals: number = candidate.suspicion.renewals): Candidate {
  return changed(candidate, { session: false, lapseDueUs: -1, renewals })
}

/** The time of the suspicion is over. Sessions that began before tell nothing new by stalling. */
export function lapsed(candidate: Candidate, atUs: number): Candidate {
  return changed(sessionCleared(candidate), { lapsedAtUs: atUs })
}

/** Nothing makes it suspect any more. */
export function cleared(candidate: Candidate): Candidate {
  return changed(candidate, { sinceUs: -1 })
}

/** No sign is known. */
export function unsuspected(candidate: Candidate): Candidate {
  return { ...candidate, suspicion: noSuspicion }
}

/** It is suspect as it was at a checkpoint. A suspicion that was cleared meanwhile stays so. */
export function restored(candidate: Candidate, before: Suspicion): Candidate {
  const { sinceUs, renewals } = before
  const pending = before.pending && candidate.suspicion.pending
  const session = before.session && candidate.suspicion.session
  const lapseDueUs = session ? before.lapseDueUs : -1
  return changed(candidate, { pending, session, sinceUs, lapseDueUs, renewals, silent: [], silentDueUs: -1 })
}
