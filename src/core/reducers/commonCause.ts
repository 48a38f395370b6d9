/**
 * Common cause: when all candidates of an upstream fail together, their failures do not tell which candidate is better.
 *
 * - A *trouble* begins with the first failure, or sign of one, of a candidate that could serve. It remembers the *order*:
 *   the members, then the next `challengers` by cost (rules/noteFailure.ts).
 * - A success that is about a later moment ends the trouble: then the failures were the candidates' own.
 * - The trouble is *common* when every candidate of the order has failed in it. Then the changes by these failures are
 *   rolled back (rules/rollBack.ts). Only a failed proof of identity stands.
 *
 * During a common cause:
 * - A failure is no sample. No candidate that had worked is judged, expires or is suspected. The set stands. The resolver
 *   is queried.
 * - Clients use the routes of before. After as many failures as open a breaker they go down the ladder (panic.ts).
 * - Candidates are tried in turn (rules/commonTrials.ts), until the first success ends it (rules/endCommonCause.ts) or the
 *   upstream gives up (rules/givingUp.ts). Where only sessions fail, the success must be an upstream byte. Probes cannot
 *   bring one.
 *
 * A late event counts for the moment that it is about: an answer for the latest moment at which it can have been sent, a
 * failure for its beginning.
 */
import * as Checkpoint from "../candidate/checkpoint.ts"
import * as Candidates from "../candidates.ts"
import { beginning, upstreamByte } from "../evidence.ts"
import { failingOf } from "../failing.ts"
import { isFrozen, isLate } from "../frozen.ts"
import type { Candidate, UpstreamId } from "../model/Candidate.ts"
import type { State } from "../model/State.ts"
import type { Sample, Step } from "../model/Step.ts"
import type { Upstream } from "../model/Upstream.ts"
import { keepSamples } from "../requests.ts"
import { commonTrial } from "../rules/commonTrials.ts"
import { endCommonCause } from "../rules/endCommonCause.ts"
import { noteFailure } from "../rules/noteFailure.ts"
import { pendingMs } from "../slowHandshake.ts"
import * as Troubles from "../upstream/trouble.ts"
import { checkpointOf, isCommon } from "../upstream/trouble.ts"
import * as Upstreams from "../upstreams.ts"

export function commonCause(state: State, step: Step): State {
  let next = answers(state, step)
  const answered = new Set<UpstreamId | undefined>(
    step.samples.flatMap(({ candidate: id, failure }) => {
      const candidate = failure === null ? Candidates.find(state, id) : undefined
      return candidate !== undefined && Candidates.isListed(candidate) ? [candidate.upstream] : []
    })
  )
  // An upstream that answers in this step has no common cause.
  for (const failing of failingOf(next, step)) {
    const upstream = Candidates.find(next, failing.candidate)?.upstream
    if (upstream !== undefined && !answered.has(upstream)) next = noteFailure(next, step, failing)
  }
  for (const due of step.due) next = commonTrial(next, step, due)
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
    ? endCommonCause(state, step, upstream, candidate, trouble)
    : Upstreams.replace(state, upstream, Troubles.ended(upstream))
}

/** The candidate only showed signs and works: its next failure makes a new checkpoint. */
function withoutSigns(state: State, upstream: Upstream, candidate: Candidate): State {
  if (checkpointOf(upstream, candidate)?.failed !== null) return state
  return Candidates.replace(state, candidate, Checkpoint.dropped(candidate))
}
