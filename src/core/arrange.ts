/**
 * Where the upstreams of a new configuration stand. A listener, a session and the record name an upstream by its place, so
 * within a run a name keeps its place: the core and whoever tells listeners about it arrange in the same way.
 *
 * - A name that was there before keeps its place, whatever the order in the file.
 * - A name that is gone keeps its place as `removed`: without candidates, host and fallback, with its limits for what still
 *   drains. The core empties the name once nothing hangs on the place any more (reducers/roster.ts).
 * - A new name takes the first place without a name, else a new one at the end.
 */
import type { Config, UpstreamConfig } from "./model/Config.ts"

/** `next` in the order of `previous`. Arranging what is arranged changes nothing. */
export function arrange(previous: Config, next: Config): Config {
  const wanted = new Map(next.upstreams.filter(isWanted).map((one) => [one.name, one]))
  const upstreams = previous.upstreams.map((place) => {
    const same = wanted.get(place.name)
    if (same === undefined) return removedFrom(place)
    wanted.delete(place.name)
    return same
  })
  for (const one of wanted.values()) {
    const free = upstreams.findIndex(({ name }) => name === "")
    if (free < 0) upstreams.push(one)
    else upstreams[free] = one
  }
  return { ...next, upstreams }
}

function removedFrom(place: UpstreamConfig): UpstreamConfig {
  return place.removed ? place : { ...place, removed: true, host: "", candidates: [], fallback: [], identity: null }
}

/** An empty name means that a place is free. */
function isWanted({ name, removed }: UpstreamConfig): boolean {
  return !removed && name !== ""
}
