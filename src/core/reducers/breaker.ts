/**
 * Breaker: it shuts a candidate out on proof that the candidate is broken, and it finds out when the candidate works
 * again.
 *
 * A closed breaker opens after any of these:
 * - `failureThreshold` failures to connect in a row;
 * - `failureThreshold` failures after connect in a row;
 * - more than `failureRateThreshold` of at least `minSamples` handshakes within `window` failed.
 *
 * An open breaker waits for a trial (trials.ts). The waits grow with the length of the outage:
 * - The first trial comes `firstTrial` after the breaker opened. The wait doubles with every second trial.
 * - Each wait is shortened at random by up to a tenth.
 * - The longest wait follows from the latest failure, a failed trial included: `timeoutCooldown` if that was a timeout or a
 *   stalled session, else `cooldown`.
 * - If a breaker opens again sooner after closing than it had been open, the longest wait and the first wait double. The
 *   longest wait doubles up to `maxCooldown`.
 *
 * A trial is one probe of the shut candidate, and never a client. While it is under way, the breaker is half-open:
 * - A success closes the breaker. A failure opens it again. A trial without a result is repeated one interval later.
 * - An open breaker also closes with any other successful handshake: of a client further down the ladder, of a race, or of a
 *   warm dial that was under way. There is one exception: while failed sessions are still counted, a success closes
 *   it only during a trial.
 * - An upstream byte that is newer than the candidate's last failure makes the trial due at once.
 * - The trial's handshake proves that the candidate lives. Its duration is no measure of the latency, because the handshake
 *   may have waited a second for a repeated packet. So the first sample after the trial's replaces the latency, and the two
 *   are not averaged.
 * - After closing, the slow-start weight of the candidate grows in ten steps over `ramp`. It applies to clients and
 *   warm sockets.
 *
 * The last closed breaker of an upstream never opens (panic.ts).
 *
 * A failure after connect is a session of one of these kinds:
 * - The client sent bytes, and the upstream sent none: it reset the session, closed it, or stayed silent for `session.stall`
 *   after the client's last byte.
 * - The upstream sent a TLS alert and nothing else.
 *
 * How such failures count:
 * - They count only where this upstream has ever answered. The bytes of a session that a program reported as failed are an
 *   answer too: connections may be kept so long that no session has ended yet. An alert alone is none.
 * - An upstream byte that came later clears them, and so does the trial that closes the breaker. No other handshake does.
 * - The address of one client adds at most two a minute, once clients of two addresses have been seen.
 */
import * as Breaker from "../candidate/breaker.ts"
import * as Queue from "../candidate/queue.ts"
import * as Candidates from "../candidates.ts"
import { openingsAt } from "../cooldown.ts"
import { isFrozen } from "../frozen.ts"
import * as SuccessWindow from "../math/SuccessWindow.ts"
import type { Candidate } from "../model/Candidate.ts"
import type { Breaker as Limits } from "../model/Config.ts"
import type { DialFailure } from "../model/Event.ts"
import type { State } from "../model/State.ts"
import type { Step } from "../model/Step.ts"
import { isLastClosed } from "../panic.ts"
import { decide, markDirty, requestProbes } from "../requests.ts"
import { close } from "../rules/closeBreaker.ts"
import { shutOut } from "../upstream/list.ts"
import * as Upstreams from "../upstreams.ts"
import { failureAfterConnect, hasBytes, isKnownToAnswer, upstreamByte } from "../evidence.ts"
import type { Reason } from "../trials.ts"
import { scheduled, settledTrials, waited } from "../trials.ts"

const BLAMES_A_MINUTE = 2

export function breaker(state: State, step: Step): State {
  let next = state
  for (const { kind, id } of step.due) {
    const candidate = kind === "trial" || kind === "ramp" ? Candidates.find(next, id) : undefined
    // An earlier reducer may have removed the candidate in this step: it is due as before when the candidate returns.
    if (candidate === undefined || !Candidates.isListed(candidate)) continue
    if (isFrozen(next, candidate)) next = later(next, step, candidate, kind)
    else if (kind === "ramp") next = rampUp(next, step, candidate)
    // Or it may have closed the breaker.
    else if (candidate.breaker.state !== "half-open") next = tryAgain(next, step, candidate)
  }
  for (const { candidate: id, failure } of step.samples) {
    const candidate = Candidates.find(next, id)
    if (candidate === undefined) continue
    if (Candidates.configOf(next, candidate).breaker.enabled) {
      next = failure === null ? succeeded(next, step, candidate) : failed(next, step, candidate, failure)
    }
    next = failure === null ? settledTrials(next, id, step.at) : scheduled(next, id, failure)
  }
  next = undecided(next, step)
  next = afterConnect(next, step)
  return answered(next, step)
}

/**
 * A trial may end without a verdict: its outcome is no sample (samples.ts lists these), an outage or a common cause explains
 * its failure, or its worker was lost. The trial is due again an interval later.
 */
function undecided(state: State, step: Step): State {
  const { event } = step
  if (event._tag !== "ProbeSucceeded" && event._tag !== "ProbeFailed" && event._tag !== "WorkerLost") return state
  let next = state
  for (const { probe, worker, candidate: id } of state.probing.inFlight) {
    const ended = event._tag === "WorkerLost" ? worker === event.worker : probe === event.probe
    const candidate = ended ? Candidates.find(next, id) : undefined
    if (candidate === undefined || candidate.breaker.state !== "half-open") continue
    next = Candidates.replace(next, candidate, Breaker.untried(candidate, anIntervalLater(next, step, candidate)))
  }
  return next
}

function succeeded(state: State, step: Step, candidate: Candidate): State {
  const { windowMs } = Candidates.configOf(state, candidate).breaker
  const { breaker } = candidate
  const counted = Breaker.succeeded(candidate, step.at, windowMs)
  const next = Candidates.replace(state, candidate, counted)
  // A handshake does not clear failed sessions, unless a trial is under way.
  const closes = breaker.state === "half-open" || (breaker.state === "open" && breaker.consecutiveAfter === 0)
  return closes && Candidates.isListed(candidate) ? close(next, step, counted) : next
}

function failed(state: State, step: Step, candidate: Candidate, reason: DialFailure): State {
  const config = Candidates.configOf(state, candidate).breaker
  const counted = Breaker.failed(candidate, step.at, config.windowMs)
  const next = Candidates.replace(state, candidate, counted)
  const { state: was, consecutive, window } = counted.breaker
  if (was === "half-open") return open(next, step, counted, reason)
  const opens = consecutive >= config.failureThreshold || isRateTooHigh(window, config)
  return was === "closed" && opens ? open(next, step, counted, reason) : next
}

function isRateTooHigh(window: SuccessWindow.SuccessWindow, config: Limits): boolean {
  const { ok, failed } = SuccessWindow.totals(window)
  return ok + failed >= config.minSamples && failed > config.failureRateThreshold * (ok + failed)
}

function afterConnect(state: State, step: Step): State {
  const failure = failureAfterConnect(state, step.event, step.at)
  const candidate = Candidates.find(state, failure?.candidate)
  if (failure === undefined || candidate === undefined) return state
  if (!isKnownToAnswer(state, candidate.upstream) && !hasBytes(step.event)) return state
  const config = Candidates.configOf(state, candidate).breaker
  if (!config.enabled) return state
  const ofClient = Breaker.blamedLately(candidate, step.at).filter(({ client }) => client === failure.client).length
  if (state.clients.several && ofClient >= BLAMES_A_MINUTE) return state
  // The last closed breaker stays at its threshold (panic.ts). Counting on would change no decision, and the list of clients
  // that blame the candidate would grow without bound.
  const isEnough = candidate.breaker.consecutiveAfter >= config.failureThreshold
  const counted = Breaker.failedAfterConnect(candidate, failure.client, step.at, !isEnough)
  const next = Candidates.replace(state, candidate, counted)
  const opens = counted.breaker.state === "closed" && counted.breaker.consecutiveAfter >= config.failureThreshold
  return opens ? open(next, step, counted, failure.reason) : next
}

/** An upstream byte that is newer than the last failure after connect clears all failures after connect. */
function answered(state: State, step: Step): State {
  const byte = upstreamByte(step.event, step.at)
  const candidate = Candidates.find(state, byte?.candidate)
  if (byte === undefined || candidate === undefined || byte.atUs <= candidate.breaker.failedAfterAtUs) return state
  // The candidate works again, and its trial may be due much later: make the trial due now.
  const hastens = candidate.breaker.trialDueUs > step.at && candidate.breaker.state !== "half-open"
    && byte.atUs > candidate.penalty.atUs
  if (!hastens && candidate.breaker.consecutiveAfter === 0) return state
  const trialDueUs = hastens ? step.at : candidate.breaker.trialDueUs
  return Candidates.replace(state, candidate, Breaker.answered(candidate, trialDueUs))
}

function open(state: State, step: Step, candidate: Candidate, reason: Reason): State {
  const upstream = Upstreams.find(state, candidate.upstream)
  if (upstream === undefined || !Candidates.isListed(candidate)) return state
  const reopens = candidate.breaker.state === "half-open"
  if (!reopens && isLastClosed(state, candidate)) return state
  const openings = reopens ? candidate.breaker.openings : openingsAt(candidate.breaker, step.at)
  const { waitMs, rng } = waited(state, candidate, reason, openings)
  decide(step, { _tag: "BreakerOpened", upstream: upstream.id, candidate: candidate.id, reason, forMs: waitMs })
  markDirty(step, upstream.id)
  const next = Upstreams.replace({ ...state, rng }, upstream, reopens ? upstream : shutOut(upstream))
  return Candidates.replace(next, candidate, Queue.dequeued(Breaker.opened(candidate, step.at, waitMs, openings)))
}

/** In a local outage trials and ramps wait for its end. Each is put off by one interval at a time. */
function later(state: State, step: Step, candidate: Candidate, kind: string): State {
  const dueUs = anIntervalLater(state, step, candidate)
  const delayed = kind === "trial" ? Breaker.trialDue(candidate, dueUs) : Breaker.rampDue(candidate, dueUs)
  return Candidates.replace(state, candidate, delayed)
}

function tryAgain(state: State, step: Step, candidate: Candidate): State {
  // An upstream on demand has no trial before its next use.
  if (!Upstreams.isProbed(state, candidate.upstream)) {
    return Candidates.replace(state, candidate, Breaker.trialDue(candidate, anIntervalLater(state, step, candidate)))
  }
  requestProbes(step)
  return Candidates.replace(state, candidate, Queue.urgent(Breaker.tried(candidate), step.at))
}

function anIntervalLater(state: State, step: Step, candidate: Candidate): number {
  return step.at + Candidates.configOf(state, candidate).probing.intervalMs * 1000
}

function rampUp(state: State, step: Step, candidate: Candidate): State {
  const { rampMs } = Candidates.configOf(state, candidate).breaker
  markDirty(step, candidate.upstream)
  return Candidates.replace(state, candidate, Breaker.rampedUp(candidate, step.at, rampMs))
}
