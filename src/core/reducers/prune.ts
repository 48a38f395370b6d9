/**
 * Prune: names on demand are dropped when there are too many of them, or when no client has used them for long.
 *
 * - At most `maxEntries` of them stay (0: all). A new name takes the place of the least recently used one that has
 *   neither a session nor a race. If every name has one, there is one more name than `maxEntries`.
 * - Each `pruneInterval` drops the names that no client has used for `idle`.
 * - The order of use is an ordered set. So finding the least recently used name costs the same at any number of names.
 *
 * Fact: `DomainDropped`.
 */
import { removedFrom } from "../arrange.ts"
import * as Candidates from "../candidates.ts"
import * as Ordered from "../data/Ordered.ts"
import { reschedule } from "../deadline.ts"
import type { UpstreamId } from "../model/Candidate.ts"
import type { DomainDropped } from "../model/Decision.ts"
import type { State } from "../model/State.ts"
import type { Step } from "../model/Step.ts"
import type { Upstream } from "../model/Upstream.ts"
import { decide } from "../requests.ts"
import { configure } from "../slots.ts"
import * as Upstreams from "../upstreams.ts"
import { changed } from "./reload.ts"

/**
 * How many names one step drops at most. This bounds the time of a step; the next step continues. Clients see no
 * difference.
 */
const MOST_DROPPED = 64

/** Makes room for one more name. */
export function withRoom(state: State, step: Step): State {
  const { maxEntries } = state.config.onDemand
  if (maxEntries === 0) return state
  const surplus = state.index.slots.demanded + 1 - maxEntries
  const unused = unusedIn(state, state.at, Math.min(MOST_DROPPED, surplus))
  return unused.reduce((next, id) => drop(next, step, id, "limit"), state)
}

/** Drops the names that no client has used for long, and schedules the next look. */
export function prune(state: State, step: Step): State {
  const { idleMs, pruneIntervalMs } = state.config.onDemand
  const unused = unusedIn(state, step.at - idleMs * 1000, MOST_DROPPED)
  const next = unused.reduce((all, id) => drop(all, step, id, "idle"), state)
  const isLeft = next.index.slots.demanded > 0
  // A full step left names to drop: the next step looks at them.
  return pruneAt(next, !isLeft ? -1 : unused.length < MOST_DROPPED ? step.at + pruneIntervalMs * 1000 : step.at)
}

/** Names without a session or race that no client has used since `sinceUs`, the least recently used first. */
function unusedIn(state: State, sinceUs: number, most: number): ReadonlyArray<UpstreamId> {
  const found: Array<UpstreamId> = []
  if (most <= 0) return found
  Ordered.visit(state.index.recency, (usedAtUs, id) => {
    if (usedAtUs > sinceUs) return false
    const { onDemand, removed } = Upstreams.configOf(state, id)
    if (onDemand && !removed && isFree(state, Upstreams.find(state, id) as Upstream)) found.push(id)
    return found.length < most
  })
  return found
}

function isFree(state: State, { race, listed, left }: Upstream): boolean {
  return race === 0 && [...listed, ...left].every((id) => {
    const candidate = Candidates.find(state, id)
    return candidate === undefined || Candidates.connectionsOf(candidate) === 0
  })
}

function drop(state: State, step: Step, id: UpstreamId, reason: DomainDropped["reason"]): State {
  const was = Upstreams.configOf(state, id)
  const is = removedFrom(was)
  decide(step, { _tag: "DomainDropped", upstream: id, reason })
  return changed(state, configure(state, id, is), step, id, was, is)
}

/** Schedules the next look; -1: none. */
export function pruneAt(state: State, pruneDueUs: number): State {
  const deadlines = reschedule(state.index.deadlines, "prune", 0, state.pruneDueUs, pruneDueUs)
  return { ...state, pruneDueUs, index: { ...state.index, deadlines } }
}
