/** Upstreams by the names that people give them. */
import type { Config } from "../../core/model/Config.ts"
import { asciiDomain } from "../../ingress/asciiHost.ts"

/** The slot of a configured upstream, or of a host on demand: its port 443 may be left out. */
export function slotOf(config: Config, name: string): number | undefined {
  const ascii = asciiDomain(name)
  const lower = ascii.toLowerCase()
  const named = config.upstreams.findIndex((one) => [name, ascii].includes(one.name) && !one.removed)
  const slot = named >= 0
    ? named
    : config.upstreams.findIndex((one) => one.onDemand && !one.removed && [lower, `${lower}:443`].includes(one.name))
  return slot < 0 || name === "" ? undefined : slot
}

/** The names of all upstreams, for messages. */
export function namesOf(config: Config): ReadonlyArray<string> {
  return config.upstreams.filter(({ name, removed }) => name !== "" && !removed).map(({ name }) => name)
}
