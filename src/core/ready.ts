/** Whether the core has something to say: every upstream that is on selected, or its first round of probes over. */
import * as Vector from "./data/Vector.ts"
import type { State } from "./model/State.ts"

export function isReady(state: State): boolean {
  if (state.seq < 0) return false
  return Vector.toArray(state.upstreams).every(({ members, preheatSinceUs }) => members.length > 0 || preheatSinceUs < 0)
}
