/**
 * Slots for the upstreams of a new configuration. Sessions, routes and the record name an upstream by its slot, so a name
 * keeps its slot for a whole run. Only the core gives out slots; listeners name their upstreams.
 *
 * - A name that was there before keeps its slot. The order in the file does not matter.
 * - A name that is gone keeps its slot as `removed`: without candidates, host and fallback, but with its limits, for
 *   sessions that still drain. The core empties the name when nothing uses the slot any more (rules/forgetting.ts).
 * - An on-demand host and port keep their slot under the new general sections, as long as `onDemand.enabled`. A new
 *   configured upstream with the same host and port takes over that slot. A configured upstream that has a slot makes it
 *   `removed`.
 * - A new name takes the first slot without a name, else a new slot at the end.
 */
import { domainIn } from "./domain.ts"
import type { Config, UpstreamConfig } from "./model/Config.ts"
import { demanded } from "./demanded.ts"

/** `next` with its upstreams in the slots of `previous`. A second call with the result changes nothing. */
export function arrange(previous: Config, next: Config): Config {
  const wanted = new Map(next.upstreams.filter(isWanted).map((one) => [one.name, one]))
  // A removed name that comes back has a slot as well.
  const before = new Set(previous.upstreams.filter(({ name, onDemand }) => name !== "" && !onDemand).map(({ name }) => name))
  const heirs = new Map([...wanted.values()].toReversed().map((one) => [domainIn(one), one]))
  const upstreams = previous.upstreams.map((configured) => {
    if (configured.onDemand && !configured.removed) {
      const heir = heirs.get(domainIn(configured))
      if (heir === undefined) return next.onDemand.enabled ? demanded(next, configured) : removedFrom(configured)
      if (before.has(heir.name)) return removedFrom(configured)
      wanted.delete(heir.name)
      return heir
    }
    const same = wanted.get(configured.name)
    if (same === undefined || configured.onDemand) return removedFrom(configured)
    wanted.delete(configured.name)
    return same
  })
  for (const one of wanted.values()) {
    const free = upstreams.findIndex(({ name }) => name === "")
    if (free < 0) upstreams.push(one)
    else upstreams[free] = one
  }
  return { ...next, upstreams }
}

export function removedFrom(configured: UpstreamConfig): UpstreamConfig {
  return configured.removed
    ? configured
    : { ...configured, removed: true, host: "", candidates: [], fallback: [], identity: null, ca: "" }
}

/** Whether the configuration has this upstream: a free slot has an empty name, and clients brought the on-demand ones. */
function isWanted({ name, removed, onDemand }: UpstreamConfig): boolean {
  return !removed && name !== "" && !onDemand
}
