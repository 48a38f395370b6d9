/**
 * Common cause: when all candidates of an upstream fail together, their failures do not tell which candidate is better.
 *
 * - A *trouble* begins with the first failure, or sign of one, of a candidate that could serve. It remembers the
 *   *order*: the members, then the next `challengers` by cost.
 * - A success that is about a later moment ends the trouble: then the failures were the candidates' own.
 * - When all members show signs, the rest of the order is probed at once.
 * - The trouble is *common* when every candidate of the order has failed in it. Then the changes by these failures are
 *   rolled back (checkpoint.ts). Only a failed proof of identity stands.
 *
 * During a common cause:
 * - A failure is no sample. No candidate that had worked is judged, expires or is suspected. The set stands. The
 *   resolver is queried.
 * - Clients use the routes of before. After as many failures as open a breaker they go down the ladder (ladder.ts),
 *   where the order is among the first.
 * - Candidates of the order are tried in turn, up to four at a time. The interval is a sixty-fourth of the duration so
 *   far, at least a second and at most six times `scoreTtl`. So the return is noticed soon, and the number of trials
 *   grows with the logarithm of time. After `staleFor` the upstream gives up (givingUp.ts).
 *
 * The end:
 * - The first success ends it. In the same step each other candidate of the order becomes a suspect until it answers
 *   and is due for a trial, and every shut candidate is due for its trial. A handshake that began before says nothing
 *   any more.
 * - Where only sessions fail, the success must be an upstream byte. Probes cannot bring one. So one client takes the
 *   routes of before again, after `CLIENT_TRIALS` x `firstTrial`, doubling.
 *
 * A late event counts for the moment that it is about: an answer for the latest moment at which it can have been sent,
 * a failure for its beginning.
 */
import * as Checkpoint from "../candidate/checkpoint.ts"
import * as Queue from "../candidate/queue.ts"
import * as Suspicion from "../candidate/suspicion.ts"
import * as Candidates from "../candidates.ts"
import { isExcused, isFrozen } from "../frozen.ts"
import { isVouched } from "../candidate/identity.ts"
import { backoffMs } from "../math/backoff.ts"
import type { Candidate } from "../model/Candidate.ts"
import type { State } from "../model/State.ts"
import type { Sample, Step } from "../model/Step.ts"
import type { Trouble, Upstream } from "../model/Upstream.ts"
import { decide, keepSamples, markDirty, recover, requestProbes } from "../requests.ts"
import { pendingMs } from "../slowHandshake.ts"
import { setOf } from "../upstream/activeSet.ts"
import * as Troubles from "../upstream/trouble.ts"
import { checkpointOf, isCommon, isPanic, isUsable } from "../upstream/trouble.ts"
import { MOST_TTLS } from "../unreached.ts"
import * as Upstreams from "../upstreams.ts"
import { rollBack } from "../rules/rollBack.ts"
import { givenUp } from "../rules/givingUp.ts"
import { hastenedResolve } from "../queries.ts"
import { challengersOf } from "../challengers.ts"
import type { Failing } from "../failing.ts"
import { failingOf, isLate } from "../failing.ts"
import { beginning, upstreamByte } from "../evidence.ts"

const TRIAL_US = 1_000_000
const LASTED_PER_TRIAL = 64
const TRIED_AT_ONCE = 4
/** A trial with a client costs that client something, so it comes later than a trial with a probe. */
const CLIENT_TRIALS = 5

export function commonCause(state: State, step: Step): State {
  let next = answers(state, step)
  const answered = new Set(
    step.samples.flatMap(({ candidate: id, failure }) => {
      const candidate = failure === null ? Candidates.find(state, id) : undefined
      return candidate !== undefined && Candidates.isListed(candidate) ? [candidate.upstream] : []
    })
  )
  // An upstream that answers in this step has no common cause.
  for (const failing of failingOf(next, step)) {
    if (!answered.has(Candidates.find(next, failing.candidate)?.upstream)) next = noted(next, step, failing)
  }
  for (const { kind, id } of step.due) {
    if (kind === "trouble") next = probes(next, step, id)
    if (kind === "clientTrial") next = clientTrial(next, step, id)
  }
  const judged = step.samples.filter((sample) => isJudged(next, sample, step))
  if (judged.length < step.samples.length) keepSamples(step, judged)
  return next
}

/** In a common cause a failure is no sample, unless a proof of identity failed or the candidate never worked. */
function isJudged(state: State, { candidate: id, failure, tookMs }: Sample, step: Step): boolean {
  const candidate = Candidates.find(state, id)
  if (candidate === undefined || failure === null || failure === "certificate") return true
  return !isFrozen(state, candidate) && !isLate(state, id, beginning(step) ?? step.at - Math.round(tookMs * 1000))
}

function put(state: State, upstream: Upstream, changes: Partial<Trouble>): State {
  return Upstreams.replace(state, upstream, Troubles.changed(upstream, changes))
}

/** Successes end troubles. */
function answers(state: State, step: Step): State {
  let next = state
  for (const { candidate: id, failure, tookMs } of step.samples) {
    const candidate = failure === null ? Candidates.find(next, id) : undefined
    if (candidate === undefined) continue
    const beganUs = step.at - tookMs * 1000
    const sentUs = step.at - pendingMs(candidate) * 1000
    next = succeeded(next, step, candidate, beganUs > sentUs ? beganUs : sentUs, false)
  }
  const byte = upstreamByte(step.event, step.at)
  const speaker = Candidates.find(next, byte?.candidate)
  return byte === undefined || speaker === undefined ? next : succeeded(next, step, speaker, byte.atUs, true)
}

function succeeded(state: State, step: Step, candidate: Candidate, aboutUs: number, isByte: boolean): State {
  const upstream = Upstreams.find(state, candidate.upstream)
  const trouble = upstream?.trouble ?? null
  // A spare that answers says nothing about the listed candidates.
  if (upstream === undefined || trouble === null || !Candidates.isListed(candidate)) return state
  if (aboutUs <= trouble.sinceUs) return withoutSigns(state, upstream, candidate)
  const failsInSessions = checkpointOf(upstream, candidate)?.failed === "session"
  if (!isByte && (!trouble.byConnect || failsInSessions)) return state
  return isCommon(upstream)
    ? ended(state, step, upstream, candidate, trouble)
    : Upstreams.replace(state, upstream, Troubles.ended(upstream))
}

/** The candidate only showed signs and works: its next failure makes a new checkpoint. */
function withoutSigns(state: State, upstream: Upstream, candidate: Candidate): State {
  if (checkpointOf(upstream, candidate)?.failed !== null) return state
  return Candidates.replace(state, candidate, Checkpoint.dropped(candidate))
}

/** The other candidates are suspects until they answer a trial or, where sessions failed, a client. */
function ended(state: State, step: Step, upstream: Upstream, first: Candidate, trouble: Trouble): State {
  decide(step, { _tag: "CommonCauseEnded", upstream: upstream.id, tookUs: step.at - trouble.sinceUs })
  markDirty(step, upstream.id)
  recover(step, upstream.id)
  requestProbes(step)
  let next = state
  for (const candidate of Candidates.among(state, trouble.order)) {
    const checkpoint = checkpointOf(upstream, candidate)
    if (candidate.id === first.id || checkpoint === null || checkpoint.failed === null) continue
    const { firstTrialMs } = Candidates.configOf(state, candidate).breaker
    const suspect = checkpoint.failed === "session"
      ? Suspicion.suspectOfSession(candidate, step.at, step.at + firstTrialMs * 1000)
      : Suspicion.suspectOfHandshake(candidate, step.at)
    const reason = checkpoint.failed === "session" ? "silent" : "pending"
    if (!Candidates.isSuspect(candidate)) {
      decide(step, { _tag: "Suspected", upstream: upstream.id, candidate: candidate.id, reason })
    }
    next = Candidates.replace(next, candidate, suspect)
  }
  return over(next, step, upstream)
}

/** Pending handshakes began before the end and are watched no more. Handshakes that begin later are watched. */
function over(state: State, step: Step, upstream: Upstream): State {
  let next = Upstreams.replace(state, upstream, Troubles.returned(upstream, step.at))
  for (const one of Candidates.among(next, upstream.listed)) {
    next = Candidates.replace(next, one, Suspicion.watched(Suspicion.overtaken(one, step.at - 1)))
  }
  return next
}

function noted(state: State, step: Step, { candidate: id, failed, in: where }: Failing): State {
  const candidate = Candidates.find(state, id)
  const upstream = Upstreams.find(state, candidate?.upstream ?? -1)
  if (candidate === undefined || upstream === undefined || !isUsable(candidate)) return state
  if (!Upstreams.isOn(state, upstream.id) || isExcused(state, id, step.at)) return state
  // One-way protocols exist: silence is a sign only where the upstream has ever answered.
  if (where === "session" && !upstream.answered) return state
  if (upstream.trouble === null && candidate.streak === 0) return state
  const open = upstream.trouble === null ? begun(state, step, upstream, candidate) : state
  const troubled = Upstreams.find(open, upstream.id) as Upstream
  const trouble = troubled.trouble
  if (trouble === null) return state
  const isFailure = failed !== null
  const byConnect = where === "handshake"
  const turn = isCommon(troubled) && failed === "session" && !trouble.byConnect
    ? trouble.order.indexOf(id) + 1
    : trouble.turn
  const counted = isFailure || (byConnect && !trouble.byConnect) || turn !== trouble.turn
    ? put(open, troubled, {
      failures: trouble.failures + (isFailure ? 1 : 0),
      byConnect: trouble.byConnect || byConnect,
      turn
    })
    : open
  const wasPanic = isPanic(open, troubled)
  const now = Upstreams.find(counted, upstream.id) as Upstream
  if (wasPanic !== isPanic(counted, now) || turn !== trouble.turn) markDirty(step, upstream.id)
  if (isCommon(now)) return counted
  const kept = Candidates.replace(counted, candidate, Checkpoint.made(candidate, trouble.seq, failed))
  return settled(kept, step, Upstreams.find(kept, upstream.id) as Upstream)
}

function begun(state: State, step: Step, upstream: Upstream, first: Candidate): State {
  const { probing } = Upstreams.configOf(state, upstream.id)
  const challengers = challengersOf(state, upstream, probing.challengers)
  const able = Candidates.among(state, [...upstream.members, ...challengers]).filter((one) =>
    isUsable(one) && isVouched(one) && one.breaker.state === "closed" && one.streak > 0
  )
  const order = able.map(({ id }) => id)
  if (!order.includes(first.id)) return state
  const trouble: Trouble = {
    seq: state.seq,
    sinceUs: step.at,
    order,
    failures: 0,
    byConnect: false,
    asked: false,
    commonAtUs: -1,
    trialDueUs: -1,
    turn: 0,
    clientTrials: 0,
    clientTrialDueUs: -1,
    set: setOf(upstream)
  }
  return Upstreams.replace(state, upstream, Troubles.begun(upstream, trouble))
}

/** Finds out whether the trouble is common now. Probes the rest of the order when only the rest is missing. */
function settled(state: State, step: Step, upstream: Upstream): State {
  const trouble = upstream.trouble as Trouble
  const able = Candidates.among(state, trouble.order).filter(isUsable)
  if (able.every((one) => (checkpointOf(upstream, one)?.failed ?? null) !== null)) return began(state, step, upstream)
  const members = Candidates.among(state, trouble.set.members).filter(isUsable)
  if (trouble.asked || !members.every((one) => checkpointOf(upstream, one) !== null)) return state
  let next = put(state, upstream, { asked: true })
  for (const one of able) {
    if (checkpointOf(upstream, one) !== null) continue
    requestProbes(step)
    next = Candidates.replace(next, one, Queue.urgent(one, step.at))
  }
  return next
}

function began(state: State, step: Step, upstream: Upstream): State {
  const { id } = upstream
  const trouble = upstream.trouble as Trouble
  decide(step, { _tag: "CommonCauseBegan", upstream: id, candidates: trouble.order.length })
  const rolled = rollBack(state, step, id, false, () => true)
  const { firstTrialMs } = Upstreams.configOf(rolled, id).breaker
  const next = put(rolled, Upstreams.find(rolled, id) as Upstream, {
    commonAtUs: step.at,
    trialDueUs: step.at + TRIAL_US,
    clientTrialDueUs: trouble.byConnect ? -1 : step.at + CLIENT_TRIALS * firstTrialMs * 1000
  })
  return hastenedResolve(next, step, id)
}

/** Lets one client try the routes of before. */
function clientTrial(state: State, step: Step, id: number): State {
  const upstream = Upstreams.find(state, id)
  const trouble = upstream?.trouble ?? null
  if (upstream === undefined || trouble === null) return state
  const { firstTrialMs, maxCooldownMs, failureThreshold } = Upstreams.configOf(state, id).breaker
  const clientTrials = trouble.clientTrials + 1
  const firstMs = CLIENT_TRIALS * firstTrialMs
  const waitMs = backoffMs(clientTrials, firstMs, Math.max(maxCooldownMs, firstMs))
  markDirty(step, upstream.id)
  return put(state, upstream, {
    clientTrials,
    clientTrialDueUs: step.at + waitMs * 1000,
    failures: Math.min(trouble.failures, failureThreshold - 1)
  })
}

/** Probes some candidates of the order. */
function probes(state: State, step: Step, id: number): State {
  const upstream = Upstreams.find(state, id)
  const trouble = upstream?.trouble ?? null
  if (upstream === undefined || trouble === null) return state
  const { scoreTtlMs, staleForMs } = Upstreams.configOf(state, id)
  const lastedUs = step.at - trouble.commonAtUs
  if (lastedUs > staleForMs * 1000) {
    const given = givenUp(state, step, upstream)
    return over(given, step, Upstreams.find(given, id) as Upstream)
  }
  const share = Math.floor(lastedUs / LASTED_PER_TRIAL)
  const waitUs = Math.max(Math.min(share, MOST_TTLS * scoreTtlMs * 1000), TRIAL_US)
  const { length } = trouble.order
  // An upstream on demand is probed only while it is used. Where sessions fail, probes prove nothing.
  const tries = Upstreams.isProbed(state, id) && trouble.byConnect && state.outage.sinceUs < 0
  const turn = tries ? (trouble.turn + Math.min(TRIED_AT_ONCE, length)) % length : trouble.turn
  let next = put(state, upstream, { trialDueUs: step.at + waitUs, turn })
  if (!tries) return next
  for (let i = 0; i < Math.min(TRIED_AT_ONCE, length); i++) {
    const candidate = Candidates.find(next, trouble.order[(trouble.turn + i) % length])
    if (!isUsable(candidate) || candidate.probe !== 0 || candidate.queue === "urgent") continue
    requestProbes(step)
    next = Candidates.replace(next, candidate, Queue.urgent(candidate, step.at))
  }
  return next
}
