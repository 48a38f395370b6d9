/** One step of the core: the reducers in a fixed order, nothing more. */
import { dueAt } from "./deadline.ts"
import type { Decision } from "./model/Decision.ts"
import type { Entry } from "./model/Event.ts"
import type { State } from "./model/State.ts"
import type { Step } from "./model/Step.ts"
import { membership } from "./reducers/membership.ts"
import { refresh } from "./reducers/refresh.ts"
import { score } from "./reducers/score.ts"
import { selector } from "./reducers/selector.ts"
import { traffic } from "./reducers/traffic.ts"
import { reroute } from "./routes.ts"

export interface Stepped {
  readonly state: State
  readonly decisions: ReadonlyArray<Decision>
}

const NOTHING_DUE: Step["due"] = []

/**
 * Score reads answers before refresh frees their places, as an answer counts only while its probe is under way; the
 * selector comes after score, and routes after all.
 */
export function step(state: State, entry: Entry): Stepped {
  const { event, at } = entry
  const due = event._tag === "Ticked" ? dueAt(state, at) : NOTHING_DUE
  const shared: Step = { at, event, due, touched: new Set(), decisions: [] }
  let next: State = { ...state, seq: entry.seq, at, wall: wallOf(state, entry) }
  next = membership(next, shared)
  next = traffic(next, shared)
  next = score(next, shared)
  next = selector(next, shared)
  next = refresh(next, shared)
  next = reroute(next, shared.touched)
  return { state: next, decisions: shared.decisions }
}

function wallOf(state: State, { event, at }: Entry): State["wall"] {
  return event._tag === "Started" || event._tag === "WallRead" ? { ms: event.wallMs, atUs: at } : state.wall
}
