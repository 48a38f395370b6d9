/**
 * A configuration in the header of a segment. There may be many hosts on demand, and they share the general sections. So each
 * one is written with its own keys alone.
 */
import type { Config, UpstreamConfig } from "../core/model/Config.ts"

export function packed(config: Config): Config {
  const { template } = config
  // Sections that come from the general ones are the very same objects.
  const own = (one: UpstreamConfig) =>
    Object.fromEntries(
      Object.entries(one).filter(([key, value]) => key === "name" || value !== template[key as keyof UpstreamConfig])
    )
  const upstreams = config.upstreams.map((one) => isShort(one) ? own(one) as unknown as UpstreamConfig : one)
  return { ...config, upstreams }
}

export function unpacked(config: Config): Config {
  const upstreams = config.upstreams.map((one) => isShort(one) ? { ...config.template, ...one } : one)
  return { ...config, upstreams }
}

/** A host on demand, or a free slot. */
function isShort({ name, onDemand }: UpstreamConfig): boolean {
  return onDemand || name === ""
}
