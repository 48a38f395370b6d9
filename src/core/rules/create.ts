/** Creation: an upstream is made in a slot, and gets the addresses that all sources name. */
import * as Ordered from "../data/Ordered.ts"
import * as Vector from "../data/Vector.ts"
import { newUpstream } from "../initial.ts"
import type { UpstreamId } from "../model/Candidate.ts"
import type { State } from "../model/State.ts"
import type { Step } from "../model/Step.ts"
import { namedBy, SOURCES } from "../sources.ts"
import * as Upstreams from "../upstreams.ts"
import { merge } from "./roster.ts"

/** Makes the upstream of a new slot or of a free slot. */
export function create(state: State, id: UpstreamId): State {
  const name = Upstreams.labelOf(state, id)
  const free = Upstreams.find(state, id)
  if (free !== undefined) return Upstreams.replace(state, free, newUpstream(id, name))
  const rankings = Vector.push(state.index.rankings, Ordered.empty)
  const stalest = Vector.push(state.index.stalest, Ordered.empty)
  const impostors = Vector.push(state.index.impostors, Ordered.empty)
  return {
    ...state,
    upstreams: Vector.push(state.upstreams, newUpstream(id, name)),
    index: { ...state.index, rankings, stalest, impostors }
  }
}

/** Merges what each source names now. */
export function mergeAll(state: State, step: Step, id: UpstreamId): State {
  let next = state
  for (const source of SOURCES) next = merge(next, step, id, source, namedBy(next, id, source))
  return next
}
