/**
 * Suspicion: signs that a candidate may have died, before there is proof. A wrong suspicion fails no client; some clients
 * get a costlier address. New clients go to unsuspected members, then to the best measured candidates outside the set, and
 * only then to suspects.
 *
 * A candidate becomes a suspect when an answer of it is overdue (rules/waits.ts) or it breaks sessions
 * (rules/brokenSessions.ts):
 *
 * | reason | cause | ends with | also |
 * | --- | --- | --- | --- |
 * | `pending` | a handshake is pending for too long | the next successful handshake | |
 * | `silent` | sessions have had no first byte for too long | an upstream byte, or a lapse | it is taken back when the client goes on, because that client had only paused |
 * | `reset` | the latest failed session was reset before any upstream byte; one such session may be enough | an upstream byte, or a lapse | after a byte refuted it, the next one needs twice as many failures (unanswered.ts) |
 * | `unanswered` | the latest failed session stalled, or the upstream closed it without an answer; it takes several failures in a row | an upstream byte, or a lapse | the same |
 * | of warm sockets | warm sockets were reset together | an upstream byte, or a lapse | |
 *
 * - A suspect is probed at once, whatever the reason. The probe clears `pending` alone: a handshake proves nothing about
 *   sessions.
 * - An upstream byte counts if it came after the suspicion.
 * - After a common cause every candidate of the order that failed in it is a suspect, but for the one that answered first
 *   (rules/endCommonCause.ts). The reason is `pending`, or `silent` where sessions failed; that one lapses after
 *   `breaker.firstTrial`.
 * - In a local outage and in a common cause no candidate becomes a suspect (frozen.ts).
 *
 * Lapse: only a client's session can bring the byte that clears a suspicion about sessions, and a suspect may get no client.
 * So such a suspicion ends by itself, and the next clients find out.
 * - It lapses after five times `breaker.firstTrial`. A breaker's trial costs a probe and comes sooner; a wrong lapse costs
 *   clients.
 * - The time doubles with each suspicion that no byte refuted, up to `breaker.maxCooldown`.
 * - A session that began before the last lapse was silent then already. That it stalls now renews no suspicion.
 * - After a lapse the slow-start weight grows as after a breaker closed, so few clients go there at first. Where the
 *   upstream has never answered, the candidate gets all its clients at once.
 */
import * as Breaker from "../candidate/breaker.ts"
import * as Suspicion from "../candidate/suspicion.ts"
import * as Candidates from "../candidates.ts"
import { isKnownToAnswer, upstreamByte } from "../evidence.ts"
import type { Candidate } from "../model/Candidate.ts"
import type { ClientClosed } from "../model/Event.ts"
import type { State } from "../model/State.ts"
import type { Step } from "../model/Step.ts"
import { markDirty } from "../requests.ts"
import { sessionFailed, warmReset } from "../rules/brokenSessions.ts"
import { clear } from "../rules/suspects.ts"
import { clientWentOn, firstByteDue, handshakeDue, sessionOver, sessionsLost, waitReported } from "../rules/waits.ts"
import { firstByteTimed } from "../slowFirstByte.ts"
import * as Answers from "../upstream/answers.ts"
import * as Upstreams from "../upstreams.ts"

export function suspicion(state: State, step: Step): State {
  let next = state
  for (const { kind, id } of step.due) {
    const candidate = Candidates.find(next, id)
    if (candidate === undefined) continue
    // The end of a sample window changes how long a handshake may be pending.
    if (kind === "pending" || kind === "window") next = handshakeDue(next, step, candidate)
    if (kind === "silent") next = firstByteDue(next, step, candidate)
    if (kind === "lapse") next = lapsed(next, step, candidate)
  }
  for (const { candidate: id, failure, tookMs } of step.samples) {
    const candidate = Candidates.find(next, id)
    if (candidate !== undefined && failure === null) next = handshake(next, step, candidate, tookMs)
  }
  return sessions(next, step)
}

function sessions(state: State, step: Step): State {
  const { event } = step
  switch (event._tag) {
    case "DialPending":
    case "SessionSilent":
      return waitReported(state, step, event)
    case "SessionSpoke":
      return event.side === undefined ? byte(state, step) : clientWentOn(state, step, event)
    case "ClientClosed":
      return sessionFailed(firstByte(byte(sessionOver(state, step, event), step), step, event), step)
    case "SessionStalled":
      return sessionFailed(state, step)
    case "WarmLost":
      return warmReset(state, step, event)
    case "WorkerLost":
      return sessionsLost(state)
    default:
      return state
  }
}

/** The candidate answered. Handshakes that began before this one and are still pending were lost on the way. */
function handshake(state: State, step: Step, candidate: Candidate, tookMs: number): State {
  const beganUs = step.at - Math.floor(tookMs * 1000)
  return clear(state, step, candidate, Suspicion.watched(Suspicion.proven(candidate, beganUs)))
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

/** The upstream answers, and how long its first byte took changes what is too long. */
function firstByte(state: State, step: Step, { candidate: id, firstByteUs, answerUs }: ClientClosed): State {
  const candidate = Candidates.find(state, id)
  const upstream = candidate === undefined ? undefined : Upstreams.find(state, candidate.upstream)
  if (upstream === undefined || firstByteUs < 0) return state
  const after = answerUs < 0 ? Answers.answered(upstream) : firstByteTimed(upstream, answerUs / 1000, step.at)
  if (!upstream.answered || after.silentAfterMs !== upstream.silentAfterMs) markDirty(step, upstream.id)
  return Upstreams.replace(state, upstream, after)
}

function lapsed(state: State, step: Step, candidate: Candidate): State {
  const { rampMs } = Candidates.configOf(state, candidate).breaker
  // Where the upstream has never answered, no other candidate is known to work better. So this one gets its clients at once.
  const ramps = isKnownToAnswer(state, candidate.upstream) && Candidates.isListed(candidate)
  const ramped = ramps ? Breaker.ramping(candidate, step.at, rampMs) : candidate
  markDirty(step, candidate.upstream)
  return clear(Candidates.replace(state, candidate, ramped), step, ramped, Suspicion.lapsed(ramped, step.at))
}
