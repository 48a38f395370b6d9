/**
 * Places by what stands there: which upstream has a host and port, which place is free, how many names clients asked for. Derived
 * from the configuration alone. `configure` and `reconfigured` are the only doors through which places change, and bring it along.
 *
 * Domains are found by their digest, so looking for one costs the same however many there are; who shares a digest is told apart
 * by the domain itself. Of two upstreams with the same domain the one at the lower place has it.
 */
import * as Ordered from "./data/Ordered.ts"
import { domainIn } from "./domain.ts"
import { hash } from "./math/hash.ts"
import type { UpstreamId } from "./model/Candidate.ts"
import type { Config, UpstreamConfig } from "./model/Config.ts"
import type { Places, State } from "./model/State.ts"

const NONE: Places = { domains: Ordered.empty, free: Ordered.empty, demanded: 0 }

/** The index of a configuration, from nothing. */
export function placesOf({ upstreams }: Pick<Config, "upstreams">): Places {
  return upstreams.reduce((places, one, id) => moved(places, id, undefined, one), NONE)
}

/** The state under a whole new configuration. */
export function reconfigured(state: State, config: Config): State {
  return placed(state, config, placesOf(config))
}

/** The state with another upstream at a place; one behind the last place makes a new one. */
export function configure(state: State, id: UpstreamId, is: UpstreamConfig): State {
  const upstreams = state.config.upstreams.slice()
  const places = moved(state.index.places, id, upstreams[id], is)
  upstreams[id] = is
  return placed(state, { ...state.config, upstreams }, places)
}

function placed(state: State, config: Config, places: Places): State {
  return { ...state, config, index: { ...state.index, places } }
}

/** Who can be asked for by this host and port (see `domainOf`); -1: nobody. */
export function placeOf({ config, index }: Pick<State, "config" | "index">, domain: string): UpstreamId {
  const key = keyOf(domain)
  let found = -1
  Ordered.visitFrom(index.places.domains, key, (at, id) => {
    if (at === key && domainIn(config.upstreams[id] as UpstreamConfig) === domain) found = id
    return at === key && found < 0
  })
  return found
}

/** Where a new name goes: the first place without one, else behind the last. */
export function freePlace({ config, index }: Pick<State, "config" | "index">): UpstreamId {
  return Ordered.first(index.places.free)?.id ?? config.upstreams.length
}

function moved(
  { domains, free, demanded }: Places,
  id: UpstreamId,
  was: UpstreamConfig | undefined,
  is: UpstreamConfig
): Places {
  return {
    domains: Ordered.shifted(domains, id, domainKey(was), domainKey(is)),
    free: Ordered.shifted(free, id, freeKey(was), freeKey(is)),
    demanded: demanded + Number(isDemanded(is)) - Number(isDemanded(was))
  }
}

function domainKey(place: UpstreamConfig | undefined): number | undefined {
  const domain = place === undefined ? "" : domainIn(place)
  return domain === "" ? undefined : keyOf(domain)
}

function freeKey(place: UpstreamConfig | undefined): number | undefined {
  return place?.name === "" ? 0 : undefined
}

function isDemanded(place: UpstreamConfig | undefined): boolean {
  return place?.onDemand === true && !place.removed
}

function keyOf(domain: string): number {
  return hash(domain).high
}
