/**
 * Silence window: candidates fall silent, and it is open whether this machine's own network is down.
 *
 * A window begins with the first silence of a candidate under two conditions: its last handshake had succeeded, and its
 * family has worked since the start or the last change of the network.
 * - Only such a candidate is a *witness*: some addresses of long lists are always dead.
 * - The window ends with any answer (heard.ts).
 * - In a window, members of all upstreams are probed out of turn, and each reference (`connectivity`) once (pulse.ts). So
 *   the other upstreams tell at once when only one upstream died.
 *
 * It proves a local outage in either case:
 * - A handshake that began in the window is silent as well, after max(2 s, `timeout`). In addition witnesses of two
 *   upstreams in two networks have fallen silent, or all references have.
 * - A candidate is silent, and no answer has come since the machine lost its last interface. That proves it at once.
 */
import { admits } from "../access.ts"
import * as Candidates from "../candidates.ts"
import type { CandidateId } from "../model/Candidate.ts"
import type { State } from "../model/State.ts"
import type { Sample, Step } from "../model/Step.ts"
import { familyOf, needsNetwork, networkOf } from "../network.ts"
import { beginOutage } from "./beginOutage.ts"
import { isSilence } from "./heard.ts"
import { LEAST_SILENCE_WINDOW_US, pulseAt, referenceOf, withOutage } from "./pulse.ts"

/** A candidate failed: it may be a witness, and its failure may be the proof. */
export function candidateSilent(state: State, step: Step, { candidate: id, failure, tookMs }: Sample): State {
  const candidate = Candidates.find(state, id)
  const { outage } = state
  if (outage.sinceUs >= 0 || candidate === undefined || !isSilence(failure) || !needsNetwork(candidate.host)) return state
  if (outage.families?.length === 0 && outage.proven.length === 0) return beginOutage(state, step, "interfaces")
  let next = state
  if (candidate.streak > 0 && outage.proven.includes(familyOf(candidate.host))) {
    if (outage.silenceSinceUs < 0) next = pulseAt(withOutage(next, { silenceSinceUs: step.at }), step.at)
    next = withOutage(next, { witnesses: witnessesWith(next, id) })
  }
  return proof(next, step, step.at - tookMs * 1000)
}

/** References fall silent as well. */
export function referenceSilent(state: State, step: Step): State {
  const { event } = step
  const { silenceSinceUs, deadReferences } = state.outage
  if (event._tag !== "ProbeFailed" || silenceSinceUs < 0 || !isSilence(event.reason)) return state
  const found = referenceOf(state, event)
  if (found === undefined || deadReferences.includes(found.slot)) return state
  return proof(withOutage(state, { deadReferences: [...deadReferences, found.slot] }), step, step.at - event.tookUs)
}

/** Adds the candidate if that makes a difference: two upstreams and two networks are enough. */
function witnessesWith(state: State, id: CandidateId): ReadonlyArray<CandidateId> {
  const { witnesses } = state.outage
  const more = [...witnesses, id]
  const was = spread(state, witnesses)
  const is = spread(state, more)
  return is.upstreams > was.upstreams && was.upstreams < 2 || is.networks > was.networks && was.networks < 2
    ? more
    : witnesses
}

function spread(state: State, ids: ReadonlyArray<CandidateId>) {
  const known = Candidates.among(state, ids)
  return {
    upstreams: new Set(known.map(({ upstream }) => upstream)).size,
    networks: new Set(known.map(({ host }) => networkOf(host))).size
  }
}

/** Begins the outage if this silent handshake, by the time it began, proves it. */
function proof(state: State, step: Step, beganUs: number): State {
  const { connectivity, timeoutMs } = state.config.outage
  const { silenceSinceUs, witnesses, deadReferences } = state.outage
  const longUs = Math.max(LEAST_SILENCE_WINDOW_US, timeoutMs * 1000)
  if (silenceSinceUs < 0 || beganUs < silenceSinceUs || step.at - silenceSinceUs < longUs) return state
  const { upstreams, networks } = spread(state, witnesses)
  if (upstreams >= 2 && networks >= 2) return beginOutage(state, step, "silence")
  const asked = connectivity.filter(({ host }) => admits(state.config.access, host)).length
  return asked > 0 && deadReferences.length >= asked ? beginOutage(state, step, "connectivity") : state
}
