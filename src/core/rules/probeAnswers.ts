/**
 * Answers of probes: each frees its place in the budget. So does the loss of the worker that probed.
 *
 * - An answer with another id than the probe under way is ignored.
 * - A probe is repeated at once if its answer says nothing: it began in an outage that is over, or a repeated SYN explains
 *   the first sample.
 * - A short try without an answer is counted (brief.ts).
 */
import * as Queue from "../candidate/queue.ts"
import * as Candidates from "../candidates.ts"
import { isExcused } from "../frozen.ts"
import type { Candidate } from "../model/Candidate.ts"
import type { State } from "../model/State.ts"
import type { Step } from "../model/Step.ts"
import type { Upstream } from "../model/Upstream.ts"
import * as Upstreams from "../upstreams.ts"
import { triedInVain } from "./brief.ts"

/** Answers, and workers that are lost, free places in the budget. */
export function freed(state: State, step: Step): State {
  const { event } = step
  if (event._tag === "ProbeSucceeded" || event._tag === "ProbeFailed") return answered(state, step, event.probe)
  if (event._tag !== "WorkerLost") return state
  let next = state
  for (const flight of state.probing.inFlight) if (flight.worker === event.worker) next = answered(next, step, flight.probe)
  return next
}

function answered(state: State, step: Step, probe: number): State {
  const flight = state.probing.inFlight.find((one) => one.probe === probe)
  if (flight === undefined) return state
  const inFlight = state.probing.inFlight.filter((one) => one !== flight)
  const next: State = { ...state, probing: { ...state.probing, inFlight } }
  const candidate = Candidates.find(next, flight.candidate)
  if (candidate === undefined) return next
  // The probe connected and did nothing more: some servers count such unused connections.
  const isUnused = step.event._tag === "ProbeSucceeded"
    || (step.event._tag === "ProbeFailed" && step.event.reason === "certificate")
  const free = Queue.answered(candidate, isUnused)
  // A probe that began in an outage that is over says nothing.
  const isMoot = next.outage.sinceUs < 0 && isExcused(next, candidate.id, candidate.probedAtUs)
  // The probe began in a common cause and was not answered: the suspect still waits for its trial.
  const { returnedAtUs } = Upstreams.find(next, candidate.upstream) as Upstream
  const isLate = candidate.probedAtUs < returnedAtUs && Candidates.isSuspect(candidate)
  // A first sample that a repeated SYN or a late process explains tells no latency.
  const wasLate = step.samples.some((sample) => sample.isLate && sample.candidate === candidate.id)
  const isUnmeasured = candidate.latency.atUs < 0 && (candidate.resentAtUs >= 0 || wasLate)
  const again = (isMoot || isUnmeasured || isLate) && mayWait(next, candidate)
  const isSilent = step.event._tag === "ProbeFailed" && step.event.reason === "timeout"
  if (flight.isBrief && isSilent && !again) return triedInVain(Candidates.replace(next, candidate, free), step, free.id)
  return Candidates.replace(next, candidate, again ? Queue.urgent(free, step.at) : free)
}

function mayWait(state: State, candidate: Candidate): boolean {
  return candidate.breaker.state === "closed" && Candidates.isListed(candidate) && Upstreams.isOn(state, candidate.upstream)
}
