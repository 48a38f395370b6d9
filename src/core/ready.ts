/** Whether the core is ready: each upstream that is on has a selected set, or its first round of probes is over. */
import * as Upstreams from "./upstreams.ts"
import type { State } from "./model/State.ts"

export function isReady(state: State): boolean {
  if (state.seq < 0) return false
  return Upstreams.all(state).every(({ members, preheatSinceUs }) => members.length > 0 || preheatSinceUs < 0)
}
