/**
 * Requests: what one reducer wants later reducers of the same step to do.
 *
 * `step.ts` runs the reducers in phases, and `stages.ts` reads each kind of request in one of them. A request must be
 * made before that phase. A later request would be lost, so it is reported as `late`. Reducers make requests with these
 * functions and read none. `stages.ts` hands the requests to the reducers that act on them.
 *
 * - started: first round, query and priors of an upstream. Read when common causes are judged.
 * - samples: the samples that count. Read when common causes are judged.
 * - returned: the network is back. Read when common causes are judged.
 * - recovered: trials of all candidates of an upstream. Read with the probes.
 * - probes: a candidate joined the queue. Read with the probes.
 * - dirty: evaluation and routes of an upstream. Read at the selection, the routes at the end.
 */
import type { UpstreamId } from "./model/Candidate.ts"
import type { Decision } from "./model/Decision.ts"
import type { Entry } from "./model/Event.ts"
import type { Requests, Step } from "./model/Step.ts"

/** The phases of a step, in their order. */
export const PHASES = [
  "operator",
  "membership",
  "network",
  "common causes",
  "started",
  "demand",
  "evidence",
  "selection",
  "acts",
  "probes",
  "routes"
] as const

export type Phase = (typeof PHASES)[number]

const ORDER = Object.fromEntries(PHASES.map((phase, i) => [phase, i])) as Readonly<Record<Phase, number>>

const NO_UPSTREAMS: ReadonlySet<UpstreamId> = new Set()

/** The step of one entry, before its first phase. */
export function stepOf({ at, event }: Entry, due: Step["due"], samples: Step["samples"]): Step {
  const requests: Requests = {
    phase: 0,
    decisions: [],
    dirty: new Set(),
    started: NO_UPSTREAMS,
    recovered: NO_UPSTREAMS,
    probes: false,
    returned: false,
    late: null
  }
  return { at, event, due, samples, requests }
}

/** A phase begins. From now on requests that are read in it or before it come too late. */
export function enter(step: Step, phase: Phase): void {
  step.requests.phase = ORDER[phase]
}

/** Evaluates the upstream's set and makes its routes anew. */
export function markDirty(step: Step, id: UpstreamId): void {
  inTime(step, "selection", "dirty")
  step.requests.dirty.add(id)
}

/** Makes the upstream's routes anew. Its set is evaluated too if the selection is still to come. */
export function requestRoutes(step: Step, id: UpstreamId): void {
  inTime(step, "probes", "routes")
  step.requests.dirty.add(id)
}

/** The upstream's first round begins: at start, when it is added, when it is enabled. */
export function startUpstream(step: Step, id: UpstreamId): void {
  inTime(step, "common causes", "started")
  step.requests.started = withOne(step.requests.started, id)
}

/** The upstream's common cause ended, or an unreached upstream answered. All its other candidates are due for a trial. */
export function recover(step: Step, id: UpstreamId): void {
  inTime(step, "common causes", "recovered")
  step.requests.recovered = withOne(step.requests.recovered, id)
}

/** A candidate joined the queue for probes. */
export function requestProbes(step: Step): void {
  inTime(step, "acts", "probes")
  step.requests.probes = true
}

/** This machine's network is back: all candidates are measured anew. */
export function networkReturned(step: Step): void {
  inTime(step, "network", "returned")
  step.requests.returned = true
}

/** Only these samples count. The cause of the others is not the fault of their candidates. */
export function keepSamples(step: Step, samples: Step["samples"]): void {
  inTime(step, "common causes", "samples")
  step.samples = samples
}

/** An act for the shell, or a fact. */
export function decide(step: Step, decision: Decision): void {
  step.requests.decisions.push(decision)
}

function inTime({ requests }: Step, last: Phase, request: string): void {
  if (requests.phase > ORDER[last]) requests.late ??= `${request} requested in the phase ${PHASES[requests.phase]}`
}

function withOne(ids: ReadonlySet<UpstreamId>, id: UpstreamId): ReadonlySet<UpstreamId> {
  return ids === NO_UPSTREAMS ? new Set([id]) : (ids as Set<UpstreamId>).add(id)
}
