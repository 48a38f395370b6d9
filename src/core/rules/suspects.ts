/** How a suspicion begins, is renewed and ends. Its reasons are in waits.ts and brokenSessions.ts. */
import * as Queue from "../candidate/queue.ts"
import * as Suspicion from "../candidate/suspicion.ts"
import * as Candidates from "../candidates.ts"
import { isFrozen } from "../frozen.ts"
import { backoffMs } from "../math/backoff.ts"
import type { Candidate } from "../model/Candidate.ts"
import type { SuspicionReason } from "../model/Decision.ts"
import type { State } from "../model/State.ts"
import type { Step } from "../model/Step.ts"
import { decide, markDirty, requestProbes } from "../requests.ts"
import * as Upstreams from "../upstreams.ts"

const LAPSE_TRIALS = 5
const MOST_RENEWALS = 32

export function suspect(state: State, step: Step, candidate: Candidate, reason: SuspicionReason): State {
  if (!Upstreams.isOn(state, candidate.upstream)) return state
  const { suspicion } = candidate
  const ofSession = reason !== "pending"
  const news = ofSession ? !suspicion.session : !suspicion.pending
  if (!news || isFrozen(state, candidate)) {
    return ofSession ? state : Candidates.replace(state, candidate, Suspicion.handshakeUnwatched(candidate))
  }
  if (!Candidates.isSuspect(candidate)) {
    decide(step, { _tag: "Suspected", upstream: candidate.upstream, candidate: candidate.id, reason })
  }
  markDirty(step, candidate.upstream)
  const marked = ofSession ? ofSessions(state, step, candidate) : Suspicion.suspectOfHandshake(candidate, step.at)
  const probes = candidate.probe === 0 && candidate.breaker.state === "closed" && candidate.queue !== "urgent"
    && Candidates.isListed(candidate)
  if (probes) requestProbes(step)
  return Candidates.replace(state, candidate, probes ? Queue.urgent(marked, step.at) : marked)
}

function ofSessions(state: State, step: Step, candidate: Candidate): Candidate {
  const { upstream, suspicion } = candidate
  const { firstTrialMs, maxCooldownMs } = Upstreams.configOf(state, upstream).breaker
  const renewals = suspicion.renewals < MOST_RENEWALS ? suspicion.renewals + 1 : MOST_RENEWALS
  const firstMs = LAPSE_TRIALS * firstTrialMs
  const lapseMs = backoffMs(renewals - 1, firstMs, Math.max(firstMs, maxCooldownMs))
  return Suspicion.suspectOfSession(candidate, step.at, step.at + Math.ceil(lapseMs * 1000), renewals)
}

/** `after` has fewer signs against it than `candidate`. Without any sign it is no suspect any more. */
export function clear(state: State, step: Step, candidate: Candidate, after: Candidate): State {
  if (Candidates.isSuspect(candidate) && !Candidates.isSuspect(after)) {
    decide(step, { _tag: "Cleared", upstream: candidate.upstream, candidate: candidate.id })
    markDirty(step, candidate.upstream)
    return Candidates.replace(state, candidate, Suspicion.cleared(after))
  }
  return Candidates.replace(state, candidate, after)
}
