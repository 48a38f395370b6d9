/** The configuration of an on-demand upstream: a host and port that the configuration does not name. */
import { isLiteral } from "./domain.ts"
import { GREETING_PORTS } from "./greetingPorts.ts"
import type { Config, UpstreamConfig } from "./model/Config.ts"

/**
 * The general sections under a name.
 *
 * - On a greeting port the upstream has no warm sockets and is probed lazily.
 * - Where candidates must prove their identity, they prove this name. With a stage `cover` the name is not sent for that.
 */
export function demanded(
  { template, onDemand: { mode } }: Pick<Config, "template" | "onDemand">,
  { host, port, name }: Pick<UpstreamConfig, "host" | "port" | "name">
): UpstreamConfig {
  const counts = GREETING_PORTS.includes(port)
  const pool = counts ? { ...template.pool, mode: "off" as const } : template.pool
  const probing = counts ? { ...template.probing, idle: "lazy" as const } : template.probing
  const candidates = isLiteral(host) ? [{ host, port }] : []
  const proves = !isLiteral(host)
    && (mode === "tls" || (mode === "auto" && port === 443 && !template.tls.chain.includes("cover")))
  // A host name may end with a dot, a name in a certificate never does.
  const identity = proves ? { servername: host.endsWith(".") ? host.slice(0, -1) : host, ca: "" } : null
  return { ...template, name, host, port, candidates, pool, probing, identity, preheat: false, onDemand: true }
}
