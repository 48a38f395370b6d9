/** Reading and replacing upstreams, and the deadlines in their records. */
import * as Ordered from "./data/Ordered.ts"
import * as Vector from "./data/Vector.ts"
import { reschedule } from "./deadline.ts"
import { ON_DEMAND } from "./domain.ts"
import type { UpstreamId } from "./model/Candidate.ts"
import type { UpstreamConfig } from "./model/Config.ts"
import type { Index, State } from "./model/State.ts"
import type { Upstream } from "./model/Upstream.ts"

export function find(state: State, id: UpstreamId | undefined): Upstream | undefined {
  return id === undefined ? undefined : Vector.get(state.upstreams, id)
}

export function all(state: State): ReadonlyArray<Upstream> {
  return Vector.toArray(state.upstreams)
}

export function configOf(state: State, id: UpstreamId): UpstreamConfig {
  return state.config.upstreams[id] as UpstreamConfig
}

type Switches = Pick<State, "config" | "override" | "autoDisable">

/** Its name in labels, facts and traces. */
export function labelOf({ config }: Pick<State, "config">, id: UpstreamId): string {
  const { name = "", onDemand = false } = config.upstreams[id] ?? {}
  return onDemand ? ON_DEMAND : name
}

/** Whether the core handles the upstream at all: it has probes, a set, warm sockets. */
export function isOn(state: State, id: UpstreamId): boolean {
  const { bypass, removed } = configOf(state, id)
  return isEnabled(state) && !bypass && !removed
}

/** Whether candidates are probed as soon as they exist. The others are found on first use. */
export function isPreheated(state: State, id: UpstreamId): boolean {
  return isOn(state, id) && configOf(state, id).preheat
}

/** Whether the upstream is resolved all the time: it is preheated, or was used a short while ago. */
export function isLive(state: State, id: UpstreamId): boolean {
  return isPreheated(state, id) || isUsed(state, id)
}

/** Whether it is probed all the time. It is when it is live, but with lazy probing only when it is used. */
export function isProbed(state: State, id: UpstreamId): boolean {
  return configOf(state, id).probing.idle === "lazy" ? isUsed(state, id) : isLive(state, id)
}

/** Whether the core notes when clients come. */
export function notesUse({ preheat, probing }: UpstreamConfig): boolean {
  return !preheat || probing.idle === "lazy"
}

function isUsed(state: State, id: UpstreamId): boolean {
  const usedAtUs = find(state, id)?.usedAtUs ?? -1
  return usedAtUs >= 0 && state.at - usedAtUs <= state.config.onDemand.usedWithinMs * 1000 && isOn(state, id)
}

/** Enabled in the configuration, unless an operator overrides it, and unless failed rounds turned the core off. */
export function isEnabled({ config, override, autoDisable }: Switches): boolean {
  return autoDisable.untilUs < 0 && (override ?? config.enabled)
}

/** Whether it is off on the operator's wish, and not because the core turned itself off. */
export function isOffByWish({ config, override }: State, id: UpstreamId): boolean {
  const { bypass, removed } = config.upstreams[id] as UpstreamConfig
  return bypass || removed || !(override ?? config.enabled)
}

/** Replaces `before` by `after` (same id), with its deadlines. */
export function replace(state: State, before: Upstream, after: Upstream): State {
  if (before === after) return state
  const index = reindex(state.index, before, after)
  return { ...state, upstreams: Vector.set(state.upstreams, after.id, after), index }
}

/** The index after one upstream changed; `null`: it was not there before. */
export function reindex(index: Index, before: Upstream | null, after: Upstream): Index {
  let { deadlines, recency } = index
  deadlines = reschedule(deadlines, "evaluate", after.id, before?.evaluateDueUs, after.evaluateDueUs)
  deadlines = reschedule(deadlines, "round", after.id, before?.roundDueUs, after.roundDueUs)
  deadlines = reschedule(deadlines, "resolve", after.id, before?.resolveDueUs, after.resolveDueUs)
  deadlines = reschedule(deadlines, "stale", after.id, before?.staleDueUs, after.staleDueUs)
  deadlines = reschedule(deadlines, "prior", after.id, before?.priorsDueUs, after.priorsDueUs)
  deadlines = reschedule(deadlines, "pause", after.id, before?.pausedUntilUs, after.pausedUntilUs)
  const trouble = before?.trouble
  deadlines = reschedule(deadlines, "trouble", after.id, trouble?.trialDueUs, after.trouble?.trialDueUs)
  deadlines = reschedule(deadlines, "clientTrial", after.id, trouble?.clientTrialDueUs, after.trouble?.clientTrialDueUs)
  deadlines = reschedule(deadlines, "renew", after.id, before?.renewDueUs, after.renewDueUs)
  const usedAtUs = before?.usedAtUs ?? -1
  if (usedAtUs !== after.usedAtUs) {
    if (usedAtUs >= 0) recency = Ordered.remove(recency, usedAtUs, after.id)
    if (after.usedAtUs >= 0) recency = Ordered.insert(recency, after.usedAtUs, after.id)
  }
  return deadlines === index.deadlines && recency === index.recency ? index : { ...index, deadlines, recency }
}

/** The upstreams that a request for `wanted` means, of those that are on. `all`: the live ones. */
export function refreshed(state: State, wanted: UpstreamId | "all"): ReadonlyArray<UpstreamId> {
  const ids = all(state).map(({ id }) => id)
  return ids.filter((id) => wanted === id ? isOn(state, id) : wanted === "all" && isLive(state, id))
}
