/**
 * Broken sessions that make a candidate suspect. They are no waits: each is over, and its end is the sign.
 *
 * - `reset`, `unanswered`: sessions were reset before any upstream byte, or ended otherwise without one (unanswered.ts).
 * - Resets of warm sockets: at least half of four or more warm sockets were reset within 100 ms. A socket that the server
 *   closed in order never counts.
 */
import * as Suspicion from "../candidate/suspicion.ts"
import * as Warm from "../candidate/warm.ts"
import * as Candidates from "../candidates.ts"
import { failureAfterConnect } from "../evidence.ts"
import type { WarmLost } from "../model/Event.ts"
import type { State } from "../model/State.ts"
import type { Step } from "../model/Step.ts"
import { isSign } from "../unanswered.ts"
import { suspect } from "./suspects.ts"

const LEAST_WARM = 4

/** A session may have failed after connect. */
export function sessionFailed(state: State, step: Step): State {
  const failure = failureAfterConnect(state, step.event, step.at)
  const candidate = Candidates.find(state, failure?.candidate)
  if (failure === undefined || candidate === undefined) return state
  const counted = Suspicion.failedAfterConnect(candidate, step.at)
  const next = Candidates.replace(state, candidate, counted)
  const isOld = failure.reason === "stalled" && failure.beganUs < counted.suspicion.lapsedAtUs
  if (isOld || !isSign(state, counted, failure.reason, step.at)) return next
  return suspect(next, step, counted, failure.reason === "reset" ? "reset" : "unanswered")
}

/** Runs before the warm reducer removes the socket, so that `ready` still has it. */
export function warmReset(state: State, step: Step, { candidate: id, warm, reason }: WarmLost): State {
  const candidate = Candidates.find(state, id)
  if (reason !== "reset" || candidate === undefined || !candidate.warm.ready.includes(warm)) return state
  const counted = Warm.reset(candidate, step.at)
  const { resets, ready } = counted.warm
  const readyAtFirst = ready.length + resets - 1
  const next = Candidates.replace(state, candidate, counted)
  return readyAtFirst >= LEAST_WARM && resets * 2 >= readyAtFirst ? suspect(next, step, counted, "parked-reset") : next
}
