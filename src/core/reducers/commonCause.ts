/**
 * Common cause: when all candidates that could serve an upstream fail together, their failures do not tell which of them is
 * better.
 *
 * - A *trouble* begins with the first failure, or sign of one, of a candidate that could serve. It remembers the *order*:
 *   the members, then the next `challengers` by cost (rules/noteFailure.ts).
 * - A success that shows that a candidate worked after the first failure ends the trouble: then the failures were the
 *   candidates' own. An earlier success only takes back that candidate's signs.
 * - The trouble is *common* when every candidate of the order has failed in it. Signs alone are not enough (failing.ts tells
 *   the two apart). Then the changes by these failures are rolled back (rules/rollBack.ts). Only a failed proof of identity
 *   stands.
 *
 * During a common cause:
 * - A failure is no sample. No candidate that had worked is judged, expires or is suspected. The set stands. The resolver
 *   is queried.
 * - Clients keep the routes of before until `breaker.failureThreshold` failures have come in the trouble. From then on they
 *   use the rung below the set, and the candidates of the order join its race (panic.ts).
 * - Candidates of the order are probed in turn (rules/commonTrials.ts). It lasts until the first success
 *   (rules/endCommonCause.ts), or until the upstream gives up (rules/givingUp.ts).
 * - A successful handshake does not end it in two cases: no handshake has failed in it, or that candidate's sessions have
 *   failed. Then it takes an upstream byte, which only a client's session can bring. So where only sessions fail, clients
 *   use the routes of before again from time to time, until one more session fails.
 *
 * What is learned late counts for an earlier moment:
 * - a successful handshake for its beginning. If it took longer than the slow-handshake limit, a repeated SYN may have been
 *   answered, so it counts for the moment that is this limit before its end;
 * - an upstream byte for the moment at which it came;
 * - a failure for its beginning. A failure that began before the last common cause ended counts for nothing (frozen.ts).
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
  // If a listed candidate of the upstream also answered in this step, its failures here neither start a trouble nor count.
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
    // The SYN that was answered went out then at the earliest.
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
  // A candidate that is not listed (of the fallback list, or draining) says nothing about the listed ones.
  if (upstream === undefined || trouble === null || !Candidates.isListed(candidate)) return state
  if (aboutUs <= trouble.sinceUs) return withoutSigns(state, upstream, candidate)
  const failsInSessions = checkpointOf(upstream, candidate)?.failed === "session"
  if (!isByte && (!trouble.byConnect || failsInSessions)) return state
  // A session of before may speak while the upstream is off. What is off does not change; it continues here when it is on.
  if (isCommon(upstream) && !Upstreams.isOn(state, upstream.id)) return state
  return isCommon(upstream)
    ? endCommonCause(state, step, upstream, candidate, trouble)
    : Upstreams.replace(state, upstream, Troubles.ended(upstream))
}

/** If the candidate only showed signs, it works after all: its next failure makes a new checkpoint. */
function withoutSigns(state: State, upstream: Upstream, candidate: Candidate): State {
  if (checkpointOf(upstream, candidate)?.failed !== null) return state
  return Candidates.replace(state, candidate, Checkpoint.dropped(candidate))
}
