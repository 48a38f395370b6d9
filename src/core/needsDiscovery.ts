/**
 * Whether clients should say that they came, and wait for somebody to be found (reducers/demand.ts): not where somebody is known who
 * only is the last that is left, as that is the ladder's (ladder.ts). Of preheated upstreams those with a long list of which
 * none has answered yet (search.ts).
 */
import { panicCandidateOf } from "./ladder.ts"
import type { State } from "./model/State.ts"
import type { Upstream } from "./model/Upstream.ts"
import { isSearched } from "./search.ts"
import { isCommon } from "./upstream/trouble.ts"
import * as Upstreams from "./upstreams.ts"

export function needsDiscovery(state: State, upstream: Upstream, someServe: boolean): boolean {
  if (someServe || upstream.pausedUntilUs >= 0 || !Upstreams.isOn(state, upstream.id)) return false
  return (!Upstreams.configOf(state, upstream.id).preheat || isSearched(state, upstream))
    && panicCandidateOf(state, upstream) < 0 && !isCommon(upstream)
}
