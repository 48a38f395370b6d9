/**
 * Whether clients should report that they came, and wait for a candidate to be found (reducers/demand.ts).
 *
 * - An on-demand upstream needs that while no candidate serves.
 * - A preheated upstream needs it while its long list is searched (search.ts).
 * - In a common cause and in panic mode it is not needed: the known candidates are tried, or the ladder serves.
 */
import type { State } from "./model/State.ts"
import type { Upstream } from "./model/Upstream.ts"
import { isPanic } from "./panic.ts"
import { isSearched } from "./search.ts"
import { isCommon } from "./upstream/trouble.ts"
import * as Upstreams from "./upstreams.ts"

export function needsDiscovery(state: State, upstream: Upstream, someServe: boolean): boolean {
  if (someServe || upstream.pausedUntilUs >= 0 || !Upstreams.isOn(state, upstream.id)) return false
  return (!Upstreams.configOf(state, upstream.id).preheat || isSearched(state, upstream))
    && !isCommon(upstream) && !isPanic(state, upstream)
}
