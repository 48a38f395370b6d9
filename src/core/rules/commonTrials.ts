/**
 * Trials during a common cause: probes of the order, and at times clients, which find out when it is over.
 *
 * - Candidates of the order are probed in turn, up to four at a time. The interval is a sixty-fourth of the duration so
 *   far, at least a second and at most six times `scoreTtl`. So the return is noticed soon, and the number of trials
 *   grows with the logarithm of time.
 * - After `staleFor` the upstream gives up (givingUp.ts).
 * - Where only sessions fail, probes prove nothing. So clients use the routes of before again, after
 *   `CLIENT_TRIALS` x `firstTrial`, doubling. The next session that fails ends that.
 * - A candidate that failed its proof of identity is in no route, so no client can try it. While its breaker is closed, it
 *   is probed in either case, and may serve once it has given the proof.
 */
import * as Queue from "../candidate/queue.ts"
import * as Candidates from "../candidates.ts"
import { backoffMs } from "../math/backoff.ts"
import type { Candidate } from "../model/Candidate.ts"
import type { Breaker } from "../model/Config.ts"
import type { Due } from "../model/Deadline.ts"
import type { State } from "../model/State.ts"
import type { Step } from "../model/Step.ts"
import type { Trouble, Upstream } from "../model/Upstream.ts"
import { markDirty, requestProbes } from "../requests.ts"
import { MOST_TTLS } from "../unreached.ts"
import * as Troubles from "../upstream/trouble.ts"
import * as Upstreams from "../upstreams.ts"
import { giveUp } from "./givingUp.ts"

const TRIAL_US = 1_000_000
const LASTED_PER_TRIAL = 64
const TRIED_AT_ONCE = 4
/** A trial with a client costs that client something, so it comes later than a trial with a probe. */
const CLIENT_TRIALS = 5

/** When the first trials with a probe and with a client are due. */
export function firstTrials(
  atUs: number,
  byConnect: boolean,
  { firstTrialMs }: Breaker
): Pick<Trouble, "trialDueUs" | "clientTrialDueUs"> {
  return {
    trialDueUs: atUs + TRIAL_US,
    clientTrialDueUs: byConnect ? -1 : atUs + CLIENT_TRIALS * firstTrialMs * 1000
  }
}

/** A trial may be due. */
export function commonTrial(state: State, step: Step, { kind, id }: Due): State {
  if (kind !== "trouble" && kind !== "clientTrial") return state
  const upstream = Upstreams.find(state, id)
  const trouble = upstream?.trouble ?? null
  if (upstream === undefined || trouble === null) return state
  return kind === "trouble" ? probed(state, step, upstream, trouble) : tried(state, step, upstream, trouble)
}

/** Lets clients use the routes of before, until one more session fails. */
function tried(state: State, step: Step, upstream: Upstream, trouble: Trouble): State {
  const { id } = upstream
  const { firstTrialMs, maxCooldownMs, failureThreshold } = Upstreams.configOf(state, id).breaker
  const clientTrials = trouble.clientTrials + 1
  const firstMs = CLIENT_TRIALS * firstTrialMs
  const waitMs = backoffMs(clientTrials, firstMs, Math.max(maxCooldownMs, firstMs))
  markDirty(step, id)
  const after = Troubles.changed(upstream, {
    clientTrials,
    clientTrialDueUs: step.at + waitMs * 1000,
    failures: Math.min(trouble.failures, failureThreshold - 1)
  })
  return Upstreams.replace(state, upstream, after)
}

/** Probes some candidates of the order. */
function probed(state: State, step: Step, upstream: Upstream, trouble: Trouble): State {
  const { id } = upstream
  const { scoreTtlMs, staleForMs } = Upstreams.configOf(state, id)
  const lastedUs = step.at - trouble.commonAtUs
  if (lastedUs > staleForMs * 1000) return giveUp(state, step, upstream)
  const share = Math.floor(lastedUs / LASTED_PER_TRIAL)
  const waitUs = Math.max(Math.min(share, MOST_TTLS * scoreTtlMs * 1000), TRIAL_US)
  const { length } = trouble.order
  // An upstream on demand is probed only while it is used.
  const mayBeTried = (one: Candidate) =>
    Candidates.isListed(one) && (one.identity.state === "failed" ? one.breaker.state === "closed" : trouble.byConnect)
  const tries = Upstreams.isProbed(state, id) && state.outage.sinceUs < 0
    && Candidates.among(state, trouble.order).some(mayBeTried)
  const count = tries ? Math.min(TRIED_AT_ONCE, length) : 0
  const turn = tries ? (trouble.turn + count) % length : trouble.turn
  let next = Upstreams.replace(state, upstream, Troubles.changed(upstream, { trialDueUs: step.at + waitUs, turn }))
  for (let i = 0; i < count; i++) {
    const candidate = Candidates.find(next, trouble.order[(trouble.turn + i) % length])
    if (candidate === undefined || !mayBeTried(candidate)) continue
    if (candidate.probe !== 0 || candidate.queue === "urgent") continue
    requestProbes(step)
    next = Candidates.replace(next, candidate, Queue.urgent(candidate, step.at))
  }
  return next
}
