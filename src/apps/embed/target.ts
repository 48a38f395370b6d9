/** Finds the target that a program means by a host and port, or by a name. */
import { isHost } from "../../core/hostName.ts"
import type { Config, UpstreamConfig } from "../../core/model/Config.ts"
import type { Target } from "../../plane/Target.ts"
import { hostTarget, upstreamTarget } from "../../plane/Target.ts"
import { asciiDomain, asciiHost } from "../../ingress/asciiHost.ts"
import { UnknownUpstreamError } from "./errors.ts"

/**
 * The upstream with this `host` and port, or with this name (its port may be left out), or the host on demand. A host goes
 * before a name.
 */
export function targetOf(config: Config, host: string, port: number | undefined): Target | UnknownUpstreamError {
  const find = (named: (upstream: UpstreamConfig) => boolean) =>
    config.upstreams.find((one) => !one.removed && one.name !== "" && !one.onDemand && named(one))
  const ascii = asciiHost(host)
  const wanted = ascii.toLowerCase()
  const byHost = find((upstream) => upstream.port === port && upstream.host !== "" && upstream.host.toLowerCase() === wanted)
  if (byHost !== undefined) return upstreamTarget(byHost.name)
  const byName = find((upstream) =>
    [host, asciiDomain(host)].includes(upstream.name) && (port === undefined || port === upstream.port)
  )
  if (byName !== undefined) return upstreamTarget(byName.name)
  return config.onDemand.enabled && port !== undefined && isHost(ascii) && isPort(port)
    ? hostTarget(ascii, port)
    : new UnknownUpstreamError({ host, port: port ?? null, known: knownIn(config) })
}

/** The configuration of that upstream; of hosts on demand: what all of them have. */
export function configOf(config: Config, host: string, port: number | undefined): UpstreamConfig | undefined {
  const target = targetOf(config, host, port)
  if (target instanceof UnknownUpstreamError) return undefined
  return config.upstreams.find(({ name, onDemand }) => target._tag === "Upstream" && name === target.name && !onDemand)
    ?? config.template
}

function isPort(port: number): boolean {
  return Number.isInteger(port) && port > 0 && port < 65_536
}

function knownIn(config: Config): ReadonlyArray<string> {
  return config.upstreams.filter(({ removed, name, onDemand }) => !removed && name !== "" && !onDemand).map((
    { name, host, port }
  ) => host === "" ? name : `${name} (${host}:${port})`)
}
