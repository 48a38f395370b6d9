/** Reading and replacing upstreams, and the deadlines that hang on them. */
import * as Vector from "./data/Vector.ts"
import { reschedule } from "./deadline.ts"
import type { UpstreamId } from "./model/Candidate.ts"
import type { UpstreamConfig } from "./model/Config.ts"
import type { State } from "./model/State.ts"
import type { Upstream } from "./model/Upstream.ts"

export function find(state: State, id: UpstreamId): Upstream | undefined {
  return Vector.get(state.upstreams, id)
}

export function configOf(state: State, id: UpstreamId): UpstreamConfig {
  return state.config.upstreams[id] as UpstreamConfig
}

type Switches = Pick<State, "config" | "override" | "autoDisable">

/** Whether there is an opinion at all about it: probes, a set, warm sockets. */
export function isOn(state: State, id: UpstreamId): boolean {
  const { bypass, removed } = configOf(state, id)
  return isEnabled(state) && !bypass && !removed
}

/** Configured, unless an operator wished otherwise, and not while failed rounds turned it off. */
export function isEnabled({ config, override, autoDisable }: Switches): boolean {
  return autoDisable.untilUs < 0 && (override ?? config.enabled)
}

/** Whether it is off by the operator's wish, and not because the core turned itself off. */
export function isOffByWish({ config, override }: State, id: UpstreamId): boolean {
  const { bypass, removed } = config.upstreams[id] as UpstreamConfig
  return bypass || removed || !(override ?? config.enabled)
}

/** Puts `after` in the place of `before` (same id), deadlines included. */
export function replace(state: State, before: Upstream, after: Upstream): State {
  if (before === after) return state
  let deadlines = state.index.deadlines
  deadlines = reschedule(deadlines, "evaluate", after.id, before.evaluateDueUs, after.evaluateDueUs)
  deadlines = reschedule(deadlines, "round", after.id, before.roundDueUs, after.roundDueUs)
  deadlines = reschedule(deadlines, "resolve", after.id, before.resolveDueUs, after.resolveDueUs)
  deadlines = reschedule(deadlines, "stale", after.id, before.staleDueUs, after.staleDueUs)
  deadlines = reschedule(deadlines, "prior", after.id, before.priorsDueUs, after.priorsDueUs)
  const index = deadlines === state.index.deadlines ? state.index : { ...state.index, deadlines }
  return { ...state, upstreams: Vector.set(state.upstreams, after.id, after), index }
}

/** Whom a request for this upstream (-1: all) means, of those that are on. */
export function refreshed(state: State, wanted: UpstreamId): ReadonlyArray<UpstreamId> {
  const ids = Vector.toArray(state.upstreams).map(({ id }) => id)
  return ids.filter((id) => (wanted === -1 || wanted === id) && isOn(state, id))
}
