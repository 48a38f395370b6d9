/** Which upstream a program means. */
import type { UpstreamId } from "../../core/model/Candidate.ts"
import type { Config, UpstreamConfig } from "../../core/model/Config.ts"
import { UnknownUpstreamError } from "./errors.ts"

/** By its `host` and port; or by its name, with its port or none. A host goes before a name. */
export function targetOf(config: Config, host: string, port: number | undefined): UpstreamId | UnknownUpstreamError {
  const find = (named: (upstream: UpstreamConfig) => boolean) =>
    config.upstreams.findIndex((upstream) => !upstream.removed && upstream.name !== "" && named(upstream))
  const wanted = host.toLowerCase()
  const byHost = find((upstream) => upstream.port === port && upstream.host !== "" && upstream.host.toLowerCase() === wanted)
  if (byHost >= 0) return byHost
  const byName = find((upstream) => upstream.name === host && (port === undefined || port === upstream.port))
  return byName >= 0 ? byName : new UnknownUpstreamError({ host, port: port ?? null, known: knownIn(config) })
}

function knownIn(config: Config): ReadonlyArray<string> {
  return config.upstreams.filter(({ removed, name }) => !removed && name !== "").map(({ name, host, port }) =>
    host === "" ? name : `${name} (${host}:${port})`
  )
}
