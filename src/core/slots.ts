/**
 * The index of slots: which upstream has a host and port, which slot is free, how many on-demand names there are. It is
 * derived from the configuration alone. Slots change only through `configure` and `reconfigured`, which update it.
 *
 * Domains are found by their digest, so a search costs the same for any number of them. Domains with the same digest are
 * told apart by their text. Of two upstreams with the same domain the one in the lower slot has it.
 */
import * as Ordered from "./data/Ordered.ts"
import { domainIn } from "./domain.ts"
import { hash } from "./math/hash.ts"
import type { UpstreamId } from "./model/Candidate.ts"
import type { Config, UpstreamConfig } from "./model/Config.ts"
import type { Slots, State } from "./model/State.ts"

const NONE: Slots = { domains: Ordered.empty, free: Ordered.empty, demanded: 0 }

/** The index of a configuration, from scratch. */
export function slotsOf({ upstreams }: Pick<Config, "upstreams">): Slots {
  return upstreams.reduce((slots, one, id) => moved(slots, id, undefined, one), NONE)
}

/** The state under a whole new configuration. */
export function reconfigured(state: State, config: Config): State {
  return placed(state, config, slotsOf(config))
}

/** The state with another upstream in a slot. The number after the last slot makes a new slot. */
export function configure(state: State, id: UpstreamId, is: UpstreamConfig): State {
  const upstreams = state.config.upstreams.slice()
  const slots = moved(state.index.slots, id, upstreams[id], is)
  upstreams[id] = is
  return placed(state, { ...state.config, upstreams }, slots)
}

function placed(state: State, config: Config, slots: Slots): State {
  return { ...state, config, index: { ...state.index, slots } }
}

/** The slot of the upstream with this host and port (see `domainOf`); undefined: there is none. */
export function slotOf({ config, index }: Pick<State, "config" | "index">, domain: string): UpstreamId | undefined {
  const key = keyOf(domain)
  let found: UpstreamId | undefined
  Ordered.visitFrom(index.slots.domains, key, (at, id) => {
    if (at === key && domainIn(config.upstreams[id] as UpstreamConfig) === domain) found = id
    return at === key && found === undefined
  })
  return found
}

/** The slot for a new name: the first one without a name, else a new one at the end. */
export function freeSlot({ config, index }: Pick<State, "config" | "index">): UpstreamId {
  return Ordered.first(index.slots.free)?.id ?? config.upstreams.length
}

function moved(
  { domains, free, demanded }: Slots,
  id: UpstreamId,
  was: UpstreamConfig | undefined,
  is: UpstreamConfig
): Slots {
  return {
    domains: Ordered.shifted(domains, id, domainKey(was), domainKey(is)),
    free: Ordered.shifted(free, id, freeKey(was), freeKey(is)),
    demanded: demanded + Number(isDemanded(is)) - Number(isDemanded(was))
  }
}

function domainKey(slot: UpstreamConfig | undefined): number | undefined {
  const domain = slot === undefined ? "" : domainIn(slot)
  return domain === "" ? undefined : keyOf(domain)
}

function freeKey(slot: UpstreamConfig | undefined): number | undefined {
  return slot?.name === "" ? 0 : undefined
}

function isDemanded(slot: UpstreamConfig | undefined): boolean {
  return slot?.onDemand === true && !slot.removed
}

function keyOf(domain: string): number {
  return hash(domain).high
}
