/**
 * Prune: names that clients asked for are not kept for ever.
 *
 * At most `maxEntries` of them are kept (0: all): a new one takes the place of the least recently used on which nothing hangs,
 * neither a session nor a race. If something hangs on all of them, there is one more. Each `pruneInterval` those go that no client
 * used for `idle`. Fact `DomainDropped`.
 *
 * The order of use is an ordered set: finding the least recently used costs the same however many there are.
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

/** Names that are dropped in one step at most: it bounds the time of a step, the next one goes on, and clients see no difference. */
const MOST_DROPPED = 64

/** Makes room for one more name. */
export function withRoom(state: State, step: Step): State {
  const { maxEntries } = state.config.onDemand
  if (maxEntries === 0) return state
  const surplus = state.index.slots.demanded + 1 - maxEntries
  const unused = unusedIn(state, state.at, Math.min(MOST_DROPPED, surplus))
  return unused.reduce((next, id) => drop(next, step, id, "limit"), state)
}

/** Drops names that no client used for long, and looks again later. */
export function prune(state: State, step: Step): State {
  const { idleMs, pruneIntervalMs } = state.config.onDemand
  const unused = unusedIn(state, step.at - idleMs * 1000, MOST_DROPPED)
  const next = unused.reduce((all, id) => drop(all, step, id, "idle"), state)
  const isLeft = next.index.slots.demanded > 0
  // A step has its bound: what is left is looked at in the next one.
  return pruneAt(next, !isLeft ? -1 : unused.length < MOST_DROPPED ? step.at + pruneIntervalMs * 1000 : step.at)
}

/** On which nothing hangs and which were not used since then, the least recently used first. */
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
