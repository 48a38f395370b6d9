/**
 * Traffic: how many clients each candidate carries.
 *
 * - A client counts from `ClientAccepted` to `ClientClosed`, at the candidate that serves it.
 * - The choice of a member uses the data plane's own counts. A law says that both counts agree whenever the system is
 *   at rest.
 * - `WorkerLost` ends all clients of that worker at once. It looks at every candidate, but it is as rare as a crash.
 */
import * as Lifetime from "../candidate/lifetime.ts"
import * as Queue from "../candidate/queue.ts"
import * as Candidates from "../candidates.ts"
import type { ClientAccepted } from "../model/Event.ts"
import type { State } from "../model/State.ts"
import type { Step } from "../model/Step.ts"

export function traffic(state: State, step: Step): State {
  switch (step.event._tag) {
    case "ClientAccepted":
      return count(seen(state, step.event.client), step.event.candidate, step.event.worker, 1)
    case "ClientClosed":
      return count(state, step.event.candidate, step.event.worker, -1)
    case "WorkerLost":
      return forget(state, step.event.worker)
    default:
      return state
  }
}

/** Notes whether more than one client address has been seen. This decides how much one address is believed. */
function seen(state: State, client: number): State {
  const { first, several } = state.clients
  if (several || client === 0 || first === client) return state
  return { ...state, clients: first === null ? { first: client, several: false } : { first, several: true } }
}

function count(state: State, id: ClientAccepted["candidate"], worker: number, change: 1 | -1): State {
  const candidate = Candidates.find(state, id)
  if (candidate === undefined) return state
  const counted = Lifetime.counted(candidate, worker, change)
  return Candidates.replace(state, candidate, change > 0 ? Queue.unusedForgotten(counted) : counted)
}

function forget(state: State, worker: number): State {
  return Candidates.replaceAll(state, (candidate) => Lifetime.workerLost(candidate, worker))
}
