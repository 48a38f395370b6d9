/**
 * Where the upstreams of a new configuration stand. Sessions, routes and the record name an upstream by its place, so within a run a
 * name keeps its place. The core alone arranges; listeners have the names of their upstreams.
 *
 * - A name that was there before keeps its place, whatever the order in the file.
 * - A name that is gone keeps its place as `removed`: without candidates, host and fallback, with its limits for what still
 *   drains. The core empties the name once nothing hangs on the place any more (rules/roster.ts).
 * - A host and port that clients asked for keep their place under the new general sections, as long as `onDemand.enabled`. A
 *   configured upstream of the same host and port that is new takes that place over; one that was there before makes it `removed`.
 * - A new name takes the first place without a name, else a new one at the end.
 */
import { domainIn } from "./domain.ts"
import type { Config, UpstreamConfig } from "./model/Config.ts"
import { demanded } from "./demanded.ts"

/** `next` in the order of `previous`. Arranging what is arranged changes nothing. */
export function arrange(previous: Config, next: Config): Config {
  const wanted = new Map(next.upstreams.filter(isWanted).map((one) => [one.name, one]))
  const before = new Set(previous.upstreams.filter(isWanted).map(({ name }) => name))
  const heirs = new Map([...wanted.values()].toReversed().map((one) => [domainIn(one), one]))
  const upstreams = previous.upstreams.map((place) => {
    if (place.onDemand && !place.removed) {
      const heir = heirs.get(domainIn(place))
      if (heir === undefined) return next.onDemand.enabled ? demanded(next, place) : removedFrom(place)
      if (before.has(heir.name)) return removedFrom(place)
      wanted.delete(heir.name)
      return heir
    }
    const same = wanted.get(place.name)
    if (same === undefined || place.onDemand) return removedFrom(place)
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

export function removedFrom(place: UpstreamConfig): UpstreamConfig {
  return place.removed ? place : { ...place, removed: true, host: "", candidates: [], fallback: [], identity: null }
}

/** An empty name means that a place is free. What clients asked for is nobody's wish. */
function isWanted({ name, removed, onDemand }: UpstreamConfig): boolean {
  return !removed && name !== "" && !onDemand
}
