/**
 * Outage: it finds out whether this machine's own network is down (a local outage). No candidate is judged by such an
 * outage.
 *
 * A silence window begins with the first silence (timeout, unreachable) of a candidate under two conditions: its last
 * handshake had succeeded, and its family has worked since the start or the last change of the network.
 * - The window ends with any answer. A refusal is an answer: a packet came back.
 * - A candidate that was silent before, or never worked, is no witness: some addresses of long lists are always dead.
 * - An `implausible` answer comes from a machine in between: it is neither an answer nor a silence. A failed proof of
 *   identity is neither as well: the network may have died between its two handshakes.
 * - Addresses on loopback take no part, neither in a window nor in an outage.
 * - In a window, two members each 250 ms are probed out of turn, of all upstreams (pulse.ts). So the other upstreams
 *   tell at once when only one upstream died. Each reference (`connectivity`) is probed once.
 *
 * A local outage begins in either case:
 * - A handshake that began in the window is silent as well, after max(2 s, `timeout`). In addition two upstreams in two
 *   networks have fallen silent, or all references have.
 * - A candidate is silent, and no answer has come since the machine lost its last interface. Then it begins at once.
 *
 * During a local outage:
 * - The changes by failures since the last answer are rolled back (checkpoint.ts). A failure is no sample, no candidate
 *   expires, and no breaker moves.
 * - A set changes only when a member leaves the list. Warm sockets are closed and none is dialled.
 * - Clients use the same routes as before.
 *
 * Any answer ends it, and so does an upstream byte or an answer of a system address on the last resort. How long that
 * answer took says nothing about its latency. All candidates are measured anew, and what began before the end counts
 * for nothing.
 */
import { admits } from "../access.ts"
import * as Warm from "../candidate/warm.ts"
import * as Candidates from "../candidates.ts"
import { PULSE } from "../deadline.ts"
import { isExcused } from "../frozen.ts"
import type { CandidateId } from "../model/Candidate.ts"
import type { DialFailure, InterfacesChanged } from "../model/Event.ts"
import type { Family, OutageReason, OutageState } from "../model/Outage.ts"
import type { State } from "../model/State.ts"
import type { Sample, Step } from "../model/Step.ts"
import type { Upstream } from "../model/Upstream.ts"
import { decide, keepSamples, markDirty, networkReturned } from "../requests.ts"
import { familyOf, needsNetwork, networkOf } from "../network.ts"
import * as Troubles from "../upstream/trouble.ts"
import * as Upstreams from "../upstreams.ts"
import { LEAST_SILENCE_WINDOW_US, pulse, pulseAt, referenceOf } from "../rules/pulse.ts"
import { beginning, upstreamByte } from "../evidence.ts"
import { rollBack } from "../rules/rollBack.ts"

const NO_FAMILIES: ReadonlyArray<Family> = []

export function outage(state: State, step: Step): State {
  const { event, due } = step
  let next = event._tag === "InterfacesChanged" ? interfaces(state, step, event) : state
  // The slots of references may belong to other references now.
  if (event._tag === "ConfigChanged") next = changed(next, { deadReferences: [] })
  const heard = families(next, step)
  if (heard.length > 0) next = answered(next, step, heard)
  const beganUs = beginning(step)
  const kept = step.samples.filter(({ candidate, tookMs }) =>
    !isExcused(next, candidate, beganUs ?? step.at - Math.round(tookMs * 1000))
  )
  if (kept.length < step.samples.length) keepSamples(step, kept)
  // A failure beside an answer is no sign, and there is nothing to roll back.
  if (heard.length === 0 && next.outage.sinceUs < 0) {
    for (const sample of step.samples) next = silent(next, step, sample)
    next = reference(next, step)
  }
  if (!due.some(({ kind, id }) => kind === "outage" && id === PULSE)) return next
  return next.outage.sinceUs >= 0 && nobodyLeft(next) ? answered(next, step, []) : pulse(next, step)
}

/** No candidate is left that could end the outage by an answer: an operator turned them off, or they left. */
function nobodyLeft(state: State): boolean {
  const asks = ({ id, listed }: Upstream) => Upstreams.isOn(state, id) && listed.some((one) => isFar(state, one))
  return !Upstreams.all(state).some(asks)
}

function changed(state: State, changes: Partial<OutageState>): State {
  return { ...state, outage: { ...state.outage, ...changes } }
}

/**
 * Another network: what worked over the old one proves nothing. Candidates are probed at once, in case no network is
 * left.
 */
function interfaces(state: State, step: Step, { families }: InterfacesChanged): State {
  return pulseAt(changed(state, { families, proven: [] }), step.at)
}

function isFar(state: State, id: CandidateId): boolean {
  const candidate = Candidates.find(state, id)
  return candidate !== undefined && needsNetwork(candidate.host)
}

/** Whether no packet came back. */
function isSilence(failure: DialFailure | null): boolean {
  return failure === "timeout" || failure === "unreachable"
}

function isAnswer(failure: DialFailure | null): boolean {
  return !isSilence(failure) && failure !== "implausible" && failure !== "certificate" && failure !== "local"
}

/** The families over which the event brings an answer from beyond this machine. */
function families(state: State, step: Step): ReadonlyArray<Family> {
  const { event } = step
  const hosts: Array<string | undefined> = []
  for (const { candidate, failure } of step.samples) {
    if (isAnswer(failure)) hosts.push(Candidates.find(state, candidate)?.host)
  }
  if (event._tag === "ProbeSucceeded" || event._tag === "ProbeFailed") {
    if (isAnswer("reason" in event ? event.reason : null)) hosts.push(referenceOf(state, event)?.host)
  } else if (event._tag === "ClientAccepted") {
    // `host` is a name, and no address, only where the name could not be resolved.
    for (const { host, outcome } of event.tried) if (outcome === "connected" || outcome === "refused") hosts.push(host)
  } else {
    const { silenceSinceUs, sinceUs } = state.outage
    const sinceWhen = sinceUs < 0 ? silenceSinceUs : sinceUs
    const byte = sinceWhen < 0 ? undefined : upstreamByte(event, step.at)
    if (byte !== undefined && byte.atUs > sinceWhen) hosts.push(Candidates.find(state, byte.candidate)?.host)
  }
  // Nine of ten events bring no answer.
  if (hosts.length === 0) return NO_FAMILIES
  return hosts.flatMap((host) => host !== undefined && needsNetwork(host) ? [familyOf(host)] : [])
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
  let next = pulseAt(changed(state, { sinceUs: -1, endedAtUs: step.at }), -1)
  for (const { id, warmPools } of Upstreams.all(next)) {
    markDirty(step, id)
    for (const candidate of Candidates.among(next, warmPools)) {
      next = Candidates.replace(next, candidate, Warm.failuresForgotten(candidate))
    }
  }
  return next
}

/** A candidate failed: it may be a witness, and its failure may be the proof. */
function silent(state: State, step: Step, { candidate: id, failure, tookMs }: Sample): State {
  const candidate = Candidates.find(state, id)
  const { outage } = state
  if (outage.sinceUs >= 0 || candidate === undefined || !isSilence(failure) || !needsNetwork(candidate.host)) return state
  if (outage.families?.length === 0 && outage.proven.length === 0) return began(state, step, "interfaces")
  let next = state
  if (candidate.streak > 0 && outage.proven.includes(familyOf(candidate.host))) {
    if (outage.silenceSinceUs < 0) next = pulseAt(changed(next, { silenceSinceUs: step.at }), step.at)
    next = changed(next, { witnesses: witnessesWith(next, id) })
  }
  return proof(next, step, step.at - tookMs * 1000)
}

/** References fall silent as well. */
function reference(state: State, step: Step): State {
  const { event } = step
  if (event._tag !== "ProbeFailed" || state.outage.silenceSinceUs < 0 || !isSilence(event.reason)) return state
  const found = referenceOf(state, event)
  if (found === undefined || state.outage.deadReferences.includes(found.slot)) return state
  const deadReferences = [...state.outage.deadReferences, found.slot]
  return proof(changed(state, { deadReferences }), step, step.at - event.tookUs)
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

/** Whether this silent handshake, by the time it began, proves the outage. */
function proof(state: State, step: Step, beganUs: number): State {
  const { connectivity, timeoutMs } = state.config.outage
  const { silenceSinceUs, witnesses, deadReferences } = state.outage
  const longUs = Math.max(LEAST_SILENCE_WINDOW_US, timeoutMs * 1000)
  if (silenceSinceUs < 0 || beganUs < silenceSinceUs || step.at - silenceSinceUs < longUs) return state
  const { upstreams, networks } = spread(state, witnesses)
  if (upstreams >= 2 && networks >= 2) return began(state, step, "silence")
  const asked = connectivity.filter(({ host }) => admits(state.config.access, host)).length
  const allDead = asked > 0 && deadReferences.length >= asked
  return allDead ? began(state, step, "connectivity") : state
}

/**
 * Rolls back what failures changed. An upstream in a common cause from before the window has a cause of its own and is
 * left out.
 */
function rolledBack(state: State, step: Step): State {
  const { silenceSinceUs } = state.outage
  let next = state
  for (const { id, trouble } of Upstreams.all(state)) {
    if (trouble === null || !Upstreams.isOn(state, id)) continue
    if (trouble.commonAtUs >= 0 && (silenceSinceUs < 0 || trouble.commonAtUs < silenceSinceUs)) continue
    next = rollBack(next, step, id, true, ({ host }) => needsNetwork(host))
    const upstream = Upstreams.find(next, id) as Upstream
    next = Upstreams.replace(next, upstream, Troubles.ended(upstream))
  }
  return next
}

function began(state: State, step: Step, reason: OutageReason): State {
  decide(step, { _tag: "OutageBegan", reason })
  const next = rolledBack(changed(state, { sinceUs: step.at, reason }), step)
  keepSamples(step, step.samples.filter(({ candidate }) => !isFar(next, candidate)))
  for (const { id } of Upstreams.all(next)) if (Upstreams.isOn(next, id)) markDirty(step, id)
  return pulseAt(next, step.at)
}
