/** Whether the core has something to say: every upstream that is on selected, or its first round of probes over. */
import * as Upstreams from "./upstreams.ts"
import type { State } from "./model/State.ts"

export function isReady(state: State): boolean {
  if (state.seq < 0) return false
  return Upstreams.all(state).every(({ members, preheatSinceUs }) => members.length > 0 || preheatSinceUs < 0)
}
