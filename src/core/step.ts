/**
 * One step of the core: the reducers in a fixed order, in phases.
 *
 * - operator: a reload, or a command to turn everything on or off.
 * - membership: which upstreams and addresses there are, which of them earlier runs knew, which sessions are open.
 * - network: what this machine's network explains.
 * - common causes: what a failure of all candidates together explains. Checkpoints are made here, before any reducer learns
 *   from a failure. From here on the samples are final.
 * - started: upstreams that start query the resolver and recall what earlier runs knew.
 * - demand: what clients need.
 * - evidence: score, breaker, identity, suspicion and relief learn from the samples.
 * - selection: the set moves.
 * - acts: warm pools follow the set, and renewal plans.
 * - probes: answered probes return their permits, and the next probes go out.
 * - routes: dirty upstreams get new routes.
 *
 * Samples are read from the state before all reducers, while the act that was answered still counts as under way.
 * `requests.ts` says which request is read in which phase.
 */
import { dueAt } from "./deadline.ts"
import type { Decision } from "./model/Decision.ts"
import type { Entry } from "./model/Event.ts"
import type { State } from "./model/State.ts"
import type { Step } from "./model/Step.ts"
import { thresholdCrossed } from "./panic.ts"
import { breaker } from "./reducers/breaker.ts"
import { commonCause } from "./reducers/commonCause.ts"
import { demand } from "./reducers/demand.ts"
import { enabled } from "./reducers/enabled.ts"
import { history, recallStarted } from "./reducers/history.ts"
import { identity } from "./reducers/identity.ts"
import { autoDisable } from "./reducers/autoDisable.ts"
import { membership, resolveStarted } from "./reducers/membership.ts"
import { outage } from "./reducers/outage.ts"
import { raced, unserved } from "./reducers/raced.ts"
import { refresh } from "./reducers/refresh.ts"
import { reload } from "./reducers/reload.ts"
import { samplesOf } from "./samples.ts"
import { relief } from "./reducers/relief.ts"
import { renewal } from "./reducers/renewal.ts"
import { score } from "./reducers/score.ts"
import { selector } from "./reducers/selector.ts"
import { suspicion } from "./reducers/suspicion.ts"
import { traffic } from "./reducers/traffic.ts"
import { warm } from "./reducers/warm.ts"
import { enter, markDirty, stepOf } from "./requests.ts"
import { reroute } from "./routes.ts"

export interface Stepped {
  readonly state: State
  readonly decisions: ReadonlyArray<Decision>
  /** A request that came too late, which is a fault of the core; null: there was none. */
  readonly late: string | null
}

const NOTHING_DUE: Step["due"] = []

/** One entry through all phases. */
export function step(state: State, entry: Entry): Stepped {
  const { event, at } = entry
  const due = event._tag === "Ticked" ? dueAt(state, at) : NOTHING_DUE
  const shared = stepOf(entry, due, samplesOf(state, event, at))
  const { requests } = shared
  let next: State = { ...state, seq: entry.seq, at, wall: wallOf(state, entry) }

  // The first phase is that of the operator.
  next = reload(next, shared)
  next = enabled(next, shared)

  enter(shared, "membership")
  next = membership(next, shared)
  next = history(next, shared)
  next = traffic(next, shared)

  enter(shared, "network")
  next = outage(next, shared)

  enter(shared, "common causes")
  next = autoDisable(next, shared)
  next = commonCause(next, shared)

  enter(shared, "started")
  next = resolveStarted(next, shared, requests.started, requests.returned)
  next = recallStarted(next, shared, requests.started)

  enter(shared, "demand")
  next = demand(next, shared, requests.returned)
  next = raced(next, shared)

  enter(shared, "evidence")
  const before = next
  next = score(next, shared)
  next = breaker(next, shared)
  next = identity(next, shared)
  next = suspicion(next, shared)
  for (const id of thresholdCrossed(before, next, event)) markDirty(shared, id)
  next = relief(next, shared)

  enter(shared, "selection")
  next = selector(next, shared, requests.dirty)

  enter(shared, "acts")
  next = unserved(next, shared)
  next = warm(next, shared, requests.dirty)
  next = renewal(next, shared, requests.dirty)

  enter(shared, "probes")
  next = refresh(next, shared, requests)

  enter(shared, "routes")
  next = reroute(next, requests.dirty, requests.decisions)
  return { state: next, decisions: requests.decisions, late: requests.late }
}

function wallOf(state: State, { event, at }: Entry): State["wall"] {
  return event._tag === "Started" || event._tag === "WallRead" ? { ms: event.wallMs, atUs: at } : state.wall
}
