/**
 * Outage: it finds out whether this machine's own network is down (a local outage). No candidate is judged by such an
 * outage.
 *
 * It begins when a silence window proves it (rules/silenceWindow.ts). Addresses on loopback take no part.
 *
 * During a local outage:
 * - The changes by failures since the last answer are rolled back (rules/beginOutage.ts). A failure is no sample, no candidate
 *   expires, and no breaker moves.
 * - A set changes only when a member leaves the list. Warm sockets are closed and none is dialled.
 * - Clients use the same routes as before.
 *
 * Any answer ends it (rules/heard.ts), and so does an upstream byte or an answer of a system address on the last resort. How long
 * that answer took says nothing about its latency. All candidates are measured anew, and what began before the end counts
 * for nothing.
 */
import * as Warm from "../candidate/warm.ts"
import * as Candidates from "../candidates.ts"
import { PULSE } from "../deadline.ts"
import { beginning } from "../evidence.ts"
import { isExcused, isFar } from "../frozen.ts"
import type { InterfacesChanged } from "../model/Event.ts"
import type { Family, OutageState } from "../model/Outage.ts"
import type { State } from "../model/State.ts"
import type { Step } from "../model/Step.ts"
import type { Upstream } from "../model/Upstream.ts"
import { decide, keepSamples, markDirty, networkReturned } from "../requests.ts"
import { familiesHeard } from "../rules/heard.ts"
import { pulse, pulseAt, withOutage } from "../rules/pulse.ts"
import { candidateSilent, referenceSilent } from "../rules/silenceWindow.ts"
import * as Upstreams from "../upstreams.ts"

export function outage(state: State, step: Step): State {
  const { event, due } = step
  let next = event._tag === "InterfacesChanged" ? interfaces(state, step, event) : state
  // The slots of references may belong to other references now.
  if (event._tag === "ConfigChanged") next = withOutage(next, { deadReferences: [] })
  const heard = familiesHeard(next, step)
  if (heard.length > 0) next = answered(next, step, heard)
  const beganUs = beginning(step)
  const kept = step.samples.filter(({ candidate, tookMs }) =>
    !isExcused(next, candidate, beganUs ?? step.at - Math.round(tookMs * 1000))
  )
  if (kept.length < step.samples.length) keepSamples(step, kept)
  // A failure beside an answer is no sign, and there is nothing to roll back.
  if (heard.length === 0 && next.outage.sinceUs < 0) {
    for (const sample of step.samples) next = candidateSilent(next, step, sample)
    next = referenceSilent(next, step)
  }
  if (!due.some(({ kind, id }) => kind === "outage" && id === PULSE)) return next
  return next.outage.sinceUs >= 0 && isNoneLeft(next) ? answered(next, step, []) : pulse(next, step)
}

/** No candidate is left that could end the outage by an answer: an operator turned them off, or they left. */
function isNoneLeft(state: State): boolean {
  const asks = ({ id, listed }: Upstream) => Upstreams.isOn(state, id) && listed.some((one) => isFar(state, one))
  return !Upstreams.all(state).some(asks)
}

/**
 * Another network: what worked over the old one proves nothing. Candidates are probed at once, in case no network is
 * left.
 */
function interfaces(state: State, step: Step, { families }: InterfacesChanged): State {
  return pulseAt(withOutage(state, { families, proven: [] }), step.at)
}

function answered(state: State, step: Step, heard: ReadonlyArray<Family>): State {
  const { outage } = state
  const proven = heard.every((one) => outage.proven.includes(one))
    ? outage.proven
    : [...new Set([...outage.proven, ...heard])]
  // Built whole, and not by changes: this runs with nearly every event.
  const calm: OutageState = {
    ...outage,
    proven,
    answeredSeq: state.seq,
    silenceSinceUs: -1,
    witnesses: [],
    deadReferences: []
  }
  const next: State = { ...state, outage: calm }
  return outage.sinceUs < 0 ? pulseAt(next, -1) : ended(next, step)
}

/** The network is back: all candidates are measured anew, and warm pools forget that their dials failed. */
function ended(state: State, step: Step): State {
  const { sinceUs, reason } = state.outage
  decide(step, { _tag: "OutageEnded", reason, tookUs: step.at - sinceUs })
  networkReturned(step)
  let next = pulseAt(withOutage(state, { sinceUs: -1, endedAtUs: step.at }), -1)
  for (const { id, warmPools } of Upstreams.all(next)) {
    markDirty(step, id)
    for (const candidate of Candidates.among(next, warmPools)) {
      next = Candidates.replace(next, candidate, Warm.failuresForgotten(candidate))
    }
  }
  return next
}
