/** Whether the core has something to say: every upstream selected, or its first round of probes over. */
import * as Vector from "./data/Vector.ts"
import type { State } from "./model/State.ts"

export function isReady(state: State): boolean {
  if (state.seq < 0) return false
  return Vector.toArray(state.upstreams).every((upstream) => upstream.members.length > 0 || upstream.unsampled <= 0)
}
