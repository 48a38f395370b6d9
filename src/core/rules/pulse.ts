/**
 * Pulse: probes that go out of turn in a silence window and in a local outage.
 *
 * - Each 250 ms two upstreams are probed, one candidate of each, and the upstreams take turns. It is the candidate of
 *   the set with the oldest probe.
 * - In an outage a probe waits for 700 ms, or for as long as the candidate's handshake may be pending if that is
 *   longer. So packets leave all the time, however few candidates there are, and the return is noticed within a second.
 * - References are probed until they have failed once in the window, and all the time in an outage. A reference that
 *   `access` refuses is left out.
 * - An upstream on demand takes part while it is used.
 * - Once a window has lasted long enough to prove an outage, two kinds of upstreams take no part: those in a common
 *   cause have trials of their own (commonCause.ts), and those that have not been reached for long are probed less
 *   (unreached.ts).
 */
import { admits } from "../access.ts"
import * as Queue from "../candidate/queue.ts"
import * as Candidates from "../candidates.ts"
import { PULSE, reschedule } from "../deadline.ts"
import type { Candidate } from "../model/Candidate.ts"
import type { Address } from "../model/Config.ts"
import type { ProbeFailed, ProbeSucceeded } from "../model/Event.ts"
import type { OutageState } from "../model/Outage.ts"
import type { State } from "../model/State.ts"
import type { Step } from "../model/Step.ts"
import type { Upstream } from "../model/Upstream.ts"
import { decide, requestProbes } from "../requests.ts"
import { needsNetwork } from "../network.ts"
import { isCommon } from "../upstream/trouble.ts"
import { isUnreached } from "../unreached.ts"
import * as Upstreams from "../upstreams.ts"

const PULSE_US = 250_000
const ASKED = 2
export const LEAST_SILENCE_WINDOW_US = 2_000_000
/** How many times the silence that proves an outage must pass before these upstreams take no part. */
const SPELLS = 2
/** The timeout of probes that find out whether the network is back. */
export const OUTAGE_TIMEOUT_MS = 700
/** How many candidates of the list may be probed where the upstream has no set. */
const LOOK_AHEAD = 8
/** How many upstreams are looked at to find one that can be probed. */
const MOST_UPSTREAMS = 64

/** Changes a part of what is known of this machine's network. */
export function withOutage(state: State, changes: Partial<OutageState>): State {
  return { ...state, outage: { ...state.outage, ...changes } }
}

/** Schedules the next pulse, not later than it was due before; -1: none. */
export function pulseAt(state: State, dueUs: number): State {
  const { outage, index } = state
  const due = dueUs < 0 || outage.pulseDueUs < 0 ? dueUs : Math.min(dueUs, outage.pulseDueUs)
  if (due === outage.pulseDueUs) return state
  const deadlines = reschedule(index.deadlines, "outage", PULSE, outage.pulseDueUs, due)
  return withOutage({ ...state, index: { ...index, deadlines } }, { pulseDueUs: due })
}

export function pulse(state: State, step: Step): State {
  const { sinceUs, silenceSinceUs } = state.outage
  const goesOn = sinceUs >= 0 || silenceSinceUs >= 0
  let next = pulseAt(state, -1)
  if (goesOn) next = pulseAt(next, step.at + PULSE_US)
  next = references(next, step)
  return members(next, step)
}

function members(state: State, step: Step): State {
  const { length } = state.upstreams
  let next = state
  let asked = 0
  let { turn } = state.outage
  for (let looked = 0; looked < length && looked < MOST_UPSTREAMS && asked < ASKED; looked++) {
    const upstream = Upstreams.find(next, turn++ % length)
    const takesPart = upstream !== undefined && Upstreams.isLive(next, upstream.id)
      && !((isCommon(upstream) || isUnreached(next, upstream)) && isProven(next))
    const one = takesPart ? askable(next, upstream) : undefined
    if (one === undefined) continue
    asked++
    requestProbes(step)
    next = Candidates.replace(next, one, Queue.urgent(one, step.at))
  }
  return withOutage(next, { turn: length === 0 ? 0 : turn % length })
}

/** Whether the silence window has lasted so long that an outage would be proven by now. */
export function isProven({ at, outage: { sinceUs, silenceSinceUs }, config }: State): boolean {
  return sinceUs < 0 && silenceSinceUs >= 0
    && at - silenceSinceUs > SPELLS * Math.max(LEAST_SILENCE_WINDOW_US, config.outage.timeoutMs * 1000)
}

/** The candidate with the oldest probe, among those that serve or could serve. */
function askable(state: State, { members, listed }: Upstream): Candidate | undefined {
  let found: Candidate | undefined
  for (const one of Candidates.among(state, members.length > 0 ? members : listed.slice(0, LOOK_AHEAD))) {
    if (one.probe !== 0 || one.queue === "urgent" || one.breaker.state !== "closed") continue
    if (needsNetwork(one.host) && (found === undefined || one.probedAtUs < found.probedAtUs)) found = one
  }
  return found
}

function references(state: State, step: Step): State {
  const { connectivity, timeoutMs } = state.config.outage
  const { sinceUs, silenceSinceUs, deadReferences } = state.outage
  let next = state
  if (sinceUs < 0 && silenceSinceUs < 0) return next
  connectivity.forEach(({ host, port }, slot) => {
    const { inFlight } = next.probing
    const { maxParallel, perHost } = next.config.probing
    if (inFlight.length >= maxParallel || inFlight.some(({ reference }) => reference === slot)) return
    if (inFlight.filter((one) => one.host === host).length >= perHost) return
    if (sinceUs < 0 && deadReferences.includes(slot) || !admits(next.config.access, host)) return
    const { probe } = next.minted
    const candidate = "reference"
    const shortMs = sinceUs < 0 ? timeoutMs : Math.min(timeoutMs, OUTAGE_TIMEOUT_MS)
    decide(step, { _tag: "Probe", worker: 0, probe, candidate, host, port, timeoutMs: shortMs, identity: null })
    next = {
      ...next,
      minted: { ...next.minted, probe: probe + 1 },
      probing: {
        ...next.probing,
        inFlight: [...inFlight, { probe, candidate, reference: slot, host, worker: 0, isBrief: false }]
      }
    }
  })
  return next
}

/** The reference that an answer comes from, with its slot, if it was probed. */
export function referenceOf(
  { probing, config }: State,
  { probe, candidate }: ProbeSucceeded | ProbeFailed
): Address & { readonly slot: number } | undefined {
  if (candidate !== "reference") return undefined
  const asked = probing.inFlight.find((one) => one.probe === probe)
  const slot = asked?.reference
  if (slot === undefined) return undefined
  const reference = config.outage.connectivity[slot]
  return reference !== undefined && reference.host === asked?.host ? { ...reference, slot } : undefined
}
