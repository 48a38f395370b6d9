/**
 * Score: how samples change the cost of a candidate (candidate/cost.ts has the formula).
 *
 * - A handshake that only a repeated SYN explains (Karn's rule, see samples.ts) is evidence of loss and never of
 *   latency. It counts as a failure in the success rate and joins no average.
 * - The first sample of a candidate cannot be compared with an earlier one. If it looks like a repeated SYN, it waits
 *   for a second sample.
 * - An answer after its time limit (samples.ts) proves life, and no latency.
 * - The cost is computed anew in four cases: a sample of latency comes, the candidate fails, a success takes blame
 *   away, or blame has faded by a step (candidate/blame.ts).
 * - A candidate without a sample for `scoreTtl` expires: its cost is unknown (-1) until the next success. No candidate
 *   expires during a local outage (outage.ts).
 */
import * as Cost from "../candidate/cost.ts"
import * as Queue from "../candidate/queue.ts"
import * as Candidates from "../candidates.ts"
import { isExcused, isFailureExcused, isFrozen, isRushed } from "../frozen.ts"
import { isCheckDue } from "../candidate/identity.ts"
import type { Candidate } from "../model/Candidate.ts"
import type { UpstreamConfig } from "../model/Config.ts"
import type { State } from "../model/State.ts"
import type { DeadlineKind } from "../model/Deadline.ts"
import type { Sample, Step } from "../model/Step.ts"
import { markDirty } from "../requests.ts"
import { RESENT_MS, slowHandshakeMs } from "../slowHandshake.ts"
import { sampled } from "../upstream/list.ts"
import * as Upstreams from "../upstreams.ts"

/** How many latencies are compared, those of the cheapest candidates. They tell what a wrong choice costs. */
const MOST_COMPARED = 8

export function score(state: State, step: Step): State {
  let next = state
  for (const { kind, id } of step.due) {
    const candidate = kind === "window" || kind === "expire" || kind === "fade" ? Candidates.find(next, id) : undefined
    if (candidate === undefined) continue
    markDirty(step, candidate.upstream)
    const config = Candidates.configOf(next, candidate)
    next = Candidates.replace(
      next,
      candidate,
      atDeadline(kind, candidate, config, step.at, isFrozen(next, candidate), isExcused(next, id, step.at))
    )
  }
  for (const sample of step.samples) next = learn(next, step, sample)
  return next
}

function atDeadline(
  kind: DeadlineKind,
  candidate: Candidate,
  config: UpstreamConfig,
  atUs: number,
  frozen: boolean,
  isDown: boolean
): Candidate {
  if (kind === "window") return Cost.windowClosed(candidate, config, atUs)
  // Costs do not change during a local outage.
  if (kind === "fade" && isDown) return Cost.fadeDue(candidate, atUs + config.probing.intervalMs * 1000)
  if (kind === "fade") return Cost.faded(candidate, config.scoring, atUs)
  return frozen ? Cost.expireDue(candidate, atUs + config.scoreTtlMs * 1000) : Cost.expired(candidate)
}

function learn(state: State, step: Step, sample: Sample): State {
  const before = Candidates.find(state, sample.candidate)
  // The candidate left and was forgotten earlier in this step, to make room for another one.
  if (before === undefined) return state
  const config = Candidates.configOf(state, before)
  const idle = dequeued(before, step.at)
  const sampled = Cost.sampled(idle, step.at, step.at + config.scoreTtlMs * 1000, sample.isResent)
  const after = sample.failure !== null
    ? Cost.failed(sampled, config.scoring, step.at, spreadMs(state, before))
    : sample.isLate || isOfOutage(state, before, sample, step.at)
    ? alive(sampled, before.lastSampleAtUs < 0, config, step.at)
    : sample.isResent
    ? lost(sampled, before.lastSampleAtUs < 0, config, step.at)
    : Cost.succeeded(sampled, sample.tookMs, config, step.at)
  // A cost of 0 may hide a new sample. Routes also carry the latency and the slow-handshake limit that follows from it.
  const updated = after.costMs !== before.costMs || after.latency !== before.latency
    || slowHandshakeMs(after) !== slowHandshakeMs(before)
  if (updated) markDirty(step, before.upstream)
  const next = Candidates.replace(state, before, after)
  return before.lastSampleAtUs >= 0 || !Candidates.isListed(before) ? next : firstAnswer(next, step, before)
}

/**
 * Whether an answer proves only that the candidate lives: it waited for the end of an outage, or came in the rush after
 * it.
 */
function isOfOutage(state: State, candidate: Candidate, { tookMs }: Sample, atUs: number): boolean {
  const beganUs = atUs - tookMs * 1000
  return (tookMs >= RESENT_MS && isFailureExcused(state, candidate.id, beganUs))
    || isRushed(state, candidate, tookMs, beganUs)
}

/**
 * A fresh sample replaces a queued probe. It replaces neither the trial of a breaker nor a probe that checks the
 * identity.
 */
function dequeued(candidate: Candidate, atUs: number): Candidate {
  return candidate.breaker.state === "closed" && !isCheckDue(candidate, atUs) ? Queue.dequeued(candidate) : candidate
}

/** The first round of an upstream is over when every candidate has been tried. */
function firstAnswer(state: State, step: Step, before: Candidate): State {
  const upstream = Upstreams.find(state, before.upstream)
  if (upstream === undefined) return state
  const after = sampled(upstream, Candidates.isUntried(before))
  if (after.unsampled === 0 || after.untried === 0) markDirty(step, upstream.id)
  return Upstreams.replace(state, upstream, after)
}

/** A repeated SYN in the first sample tells no latency. */
function lost(candidate: Candidate, isFirst: boolean, { scoring }: UpstreamConfig, atUs: number): Candidate {
  return isFirst ? again(candidate, atUs) : Cost.lost(candidate, scoring, atUs)
}

/** It lives, and nothing is known of its latency. */
function alive(candidate: Candidate, isFirst: boolean, { scoring }: UpstreamConfig, atUs: number): Candidate {
  return isFirst ? again(candidate, atUs) : Cost.alive(candidate, scoring, atUs)
}

/** Its first sample tells no latency: it is probed again. */
function again(candidate: Candidate, atUs: number): Candidate {
  return Candidates.isListed(candidate) ? Queue.urgent(candidate, atUs) : candidate
}

/**
 * The difference between the least and the greatest latency of the cheapest candidates, in ms. A wrong choice costs as
 * much.
 */
function spreadMs(state: State, { id: own, upstream, latency }: Candidate): number {
  let least = latency.atUs < 0 ? -1 : latency.value
  let greatest = least
  let looked = 0
  Candidates.visitRanked(state, upstream, (id) => {
    if (id === own) return true
    const { value } = (Candidates.find(state, id) as Candidate).latency
    if (least < 0 || value < least) least = value
    if (value > greatest) greatest = value
    return ++looked < MOST_COMPARED
  })
  return greatest - least
}
