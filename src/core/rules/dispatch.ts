/**
 * Dispatch: how the queue for probes is served.
 *
 * - The order is urgent before backlog, then the oldest, then the lower id. Past candidates of a busy host it looks at
 *   most 32 ahead.
 * - The budget is `maxParallel` at once, `perHost` at once to one IP over all upstreams, and `ratePerSecond` by GCRA
 *   (Turner 1986: one number, the theoretical arrival time) with a burst of `maxParallel`.
 * - In a local outage only probes of the pulse go out (pulse.ts).
 * - Where probes are spared (sparing.ts), a candidate that used its probes up leaves the queue.
 */
import * as Queue from "../candidate/queue.ts"
import * as Suspicion from "../candidate/suspicion.ts"
import { isCheckDue } from "../candidate/identity.ts"
import * as Candidates from "../candidates.ts"
import * as Ordered from "../data/Ordered.ts"
import { reschedule } from "../deadline.ts"
import { isFrozen } from "../frozen.ts"
import type { Candidate } from "../model/Candidate.ts"
import type { ProbingState, State } from "../model/State.ts"
import type { Step } from "../model/Step.ts"
import { decide } from "../requests.ts"
import { pendingMs } from "../slowHandshake.ts"
import { isSpent } from "../sparing.ts"
import { probeMs } from "./brief.ts"
import { isProven, OUTAGE_TIMEOUT_MS } from "./pulse.ts"

const LOOK_AHEAD = 32

/** Sends probes as far as the budget allows. */
export function dispatch(state: State, step: Step): State {
  const { maxParallel, ratePerSecond } = state.config.probing
  const gapUs = Math.floor(1_000_000 / ratePerSecond)
  const burstUs = (maxParallel - 1) * gapUs
  let next = state
  while (next.probing.inFlight.length < maxParallel) {
    const candidate = nextInQueue(next)
    if (candidate === undefined) return gated(next, -1)
    if (isSpent(next, candidate)) {
      next = Candidates.replace(next, candidate, Queue.dequeued(candidate))
      continue
    }
    if (next.probing.tatUs - burstUs > step.at) return gated(next, next.probing.tatUs - burstUs)
    const tatUs = (next.probing.tatUs > step.at ? next.probing.tatUs : step.at) + gapUs
    next = launch(next, step, candidate, tatUs)
  }
  return gated(next, -1)
}

function nextInQueue(state: State): Candidate | undefined {
  let chosen: Candidate | undefined
  let looked = 0
  Ordered.visit(state.index.probeQueue, (_key, id) => {
    const candidate = Candidates.find(state, id) as Candidate
    const onHost = state.probing.inFlight.filter((flight) => flight.host === candidate.host).length
    const waits = candidate.queue === "backlog" && isFrozen(state, candidate)
    if (onHost < state.config.probing.perHost && !waits) chosen = candidate
    return chosen === undefined && ++looked < LOOK_AHEAD
  })
  return chosen
}

function launch(state: State, step: Step, candidate: Candidate, tatUs: number): State {
  const { id, host, port } = candidate
  const probe = state.minted.probe
  const worker = 0
  const { probing: { timeoutMs: longMs }, identity: wanted, header } = Candidates.configOf(state, candidate)
  const shortMs = Math.ceil(Math.max(OUTAGE_TIMEOUT_MS, pendingMs(candidate)))
  // A candidate with frozen beliefs is not watched and has a shorter timeout, unless its silence is to prove an outage.
  const frozen = isFrozen(state, candidate)
  const { sinceUs, silenceSinceUs } = state.outage
  const isWitness = sinceUs < 0 && silenceSinceUs >= 0 && !isProven(state)
  const briefMs = probeMs(state, candidate)
  const timeoutMs = frozen && !isWitness ? Math.min(longMs, shortMs) : briefMs
  const isBrief = !frozen && briefMs < longMs
  const identity = isCheckDue(candidate, step.at) ? wanted : null
  decide(step, {
    _tag: "Probe",
    worker,
    probe,
    candidate: id,
    host,
    port,
    timeoutMs,
    identity,
    ...(header === undefined ? {} : { header })
  })
  const probing: ProbingState = {
    ...state.probing,
    inFlight: [...state.probing.inFlight, { probe, candidate: id, host, worker, isBrief }],
    tatUs
  }
  const launched = Queue.probed(candidate, probe, step.at)
  const minted = { ...state.minted, probe: probe + 1 }
  return Candidates.replace({ ...state, minted, probing }, candidate, frozen ? launched : Suspicion.watched(launched))
}

function gated(state: State, gateDueUs: number): State {
  const { probing, index } = state
  if (probing.gateDueUs === gateDueUs) return state
  const deadlines = reschedule(index.deadlines, "gate", 0, probing.gateDueUs, gateDueUs)
  return { ...state, probing: { ...probing, gateDueUs }, index: { ...index, deadlines } }
}
