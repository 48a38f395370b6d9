/**
 * A configuration in a segment's header. What clients asked for has the general sections, and there may be many of them: each
 * stands there with no more than it has of its own.
 */
import type { Config, UpstreamConfig } from "../core/model/Config.ts"

export function packed(config: Config): Config {
  const { template } = config
  // Sections that were taken from the general ones are the very same objects.
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

/** Asked for by clients, or a place that is free. */
function isShort({ name, onDemand }: UpstreamConfig): boolean {
  return onDemand || name === ""
}
