/** How a suspicion begins, is renewed and ends; what makes one is suspicion.ts. */
import * as Candidates from "../candidates.ts"
import { isFrozen } from "../frozen.ts"
import { backoffMs } from "../math/backoff.ts"
import type { Candidate, Suspicion } from "../model/Candidate.ts"
import type { SuspicionReason } from "../model/Decision.ts"
import type { State } from "../model/State.ts"
import type { Step } from "../model/Step.ts"
import { decide, markDirty, requestProbes } from "../requests.ts"
import * as Upstreams from "../upstreams.ts"

const LAPSE_TRIALS = 5
const MOST_RENEWALS = 32

/** The candidate with parts of its suspicion changed. */
export function told(candidate: Candidate, changes: Partial<Suspicion>): Candidate {
  return { ...candidate, suspicion: { ...candidate.suspicion, ...changes } }
}

export function suspect(state: State, step: Step, candidate: Candidate, reason: SuspicionReason): State {
  if (!Upstreams.isOn(state, candidate.upstream)) return state
  const { suspicion } = candidate
  const ofSession = reason !== "pending"
  const news = ofSession ? !suspicion.session : !suspicion.pending
  const cleared = reason === "pending" ? { pendingDueUs: -1 } : {}
  if (!news || isFrozen(state, candidate)) return Candidates.replace(state, candidate, told(candidate, cleared))
  if (!Candidates.isSuspect(candidate)) {
    decide(step, { _tag: "Suspected", upstream: candidate.upstream, candidate: candidate.id, reason })
  }
  markDirty(step, candidate.upstream)
  const signs = ofSession ? session(state, step, candidate) : { pending: true }
  const marked = told(candidate, { ...cleared, sinceUs: step.at, ...signs })
  const probes = candidate.probe === 0 && candidate.breaker.state === "closed" && candidate.queue !== "urgent"
    && Candidates.isListed(candidate)
  if (probes) requestProbes(step)
  return Candidates.replace(state, candidate, probes ? Candidates.urgent(marked, step.at) : marked)
}

function session(state: State, step: Step, { upstream, suspicion }: Candidate): Partial<Suspicion> {
  const { firstTrialMs, maxCooldownMs } = Upstreams.configOf(state, upstream).breaker
  const renewals = suspicion.renewals < MOST_RENEWALS ? suspicion.renewals + 1 : MOST_RENEWALS
  const firstMs = LAPSE_TRIALS * firstTrialMs
  const lapseMs = backoffMs(renewals - 1, firstMs, Math.max(firstMs, maxCooldownMs))
  return { session: true, renewals, lapseDueUs: step.at + Math.ceil(lapseMs * 1000) }
}

export function clear(state: State, step: Step, candidate: Candidate, suspicion: Suspicion): State {
  const after: Candidate = { ...candidate, suspicion }
  if (Candidates.isSuspect(candidate) && !Candidates.isSuspect(after)) {
    decide(step, { _tag: "Cleared", upstream: candidate.upstream, candidate: candidate.id })
    markDirty(step, candidate.upstream)
    return Candidates.replace(state, candidate, { ...after, suspicion: { ...suspicion, sinceUs: -1 } })
  }
  return Candidates.replace(state, candidate, after)
}
