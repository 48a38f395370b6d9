/** One step of the core: the reducers in a fixed order, nothing more. */
import { dueAt } from "./deadline.ts"
import { thresholdChanged } from "./ladder.ts"
import type { Decision } from "./model/Decision.ts"
import type { Entry } from "./model/Event.ts"
import type { State } from "./model/State.ts"
import type { Step } from "./model/Step.ts"
import { breaker } from "./reducers/breaker.ts"
import { commonCause } from "./reducers/commonCause.ts"
import { demand, unserved } from "./reducers/demand.ts"
import { enabled } from "./reducers/enabled.ts"
import { history, recallStarted } from "./reducers/history.ts"
import { identity } from "./reducers/identity.ts"
import { autoDisable } from "./reducers/autoDisable.ts"
import { membership, resolveStarted } from "./reducers/membership.ts"
import { outage } from "./reducers/outage.ts"
import { refresh } from "./reducers/refresh.ts"
import { reload } from "./reducers/reload.ts"
import { samplesOf } from "./reducers/samples.ts"
import { relief } from "./reducers/relief.ts"
import { renewal } from "./reducers/renewal.ts"
import { score } from "./reducers/score.ts"
import { selector } from "./reducers/selector.ts"
import { suspicion } from "./reducers/suspicion.ts"
import { traffic } from "./reducers/traffic.ts"
import { warm } from "./reducers/warm.ts"
import { reroute } from "./routes.ts"

export interface Stepped {
  readonly state: State
  readonly decisions: ReadonlyArray<Decision>
}

const NOTHING_DUE: Step["due"] = []

/**
 * What an operator wants comes first, then what the network of this machine explains. Score, breaker, identity and suspicion learn from samples; which answers count is decided on the state before them, while the act
 * that is answered is still known to be under way. Then the selector moves the set, warm and refresh act on it and free the
 * places of what was answered, and routes come last.
 */
export function step(state: State, entry: Entry): Stepped {
  const { event, at } = entry
  const due = event._tag === "Ticked" ? dueAt(state, at) : NOTHING_DUE
  const samples = samplesOf(state, event, at)
  const shared: Step = {
    at,
    event,
    due,
    samples,
    dirty: new Set(),
    started: new Set(),
    decisions: [],
    wantsProbes: false,
    returned: false,
    recovered: new Set()
  }
  let next: State = { ...state, seq: entry.seq, at, wall: wallOf(state, entry) }
  next = reload(next, shared)
  next = enabled(next, shared)
  next = membership(next, shared)
  next = history(next, shared)
  next = traffic(next, shared)
  next = outage(next, shared)
  next = autoDisable(next, shared)
  next = commonCause(next, shared)
  next = resolveStarted(next, shared)
  next = recallStarted(next, shared)
  next = demand(next, shared)
  const before = next
  next = score(next, shared)
  next = breaker(next, shared)
  next = identity(next, shared)
  next = suspicion(next, shared)
  for (const { upstream } of thresholdChanged(before, next, event)) shared.dirty.add(upstream)
  next = relief(next, shared)
  next = unserved(selector(next, shared), shared)
  next = warm(next, shared)
  next = renewal(next, shared)
  next = refresh(next, shared)
  next = reroute(next, shared.dirty, shared.decisions)
  return { state: next, decisions: shared.decisions }
}

function wallOf(state: State, { event, at }: Entry): State["wall"] {
  return event._tag === "Started" || event._tag === "WallRead" ? { ms: event.wallMs, atUs: at } : state.wall
}
