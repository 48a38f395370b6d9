/** The configuration of a host and port that nobody configured. */
import { isLiteral } from "./domain.ts"
import type { Config, UpstreamConfig } from "./model/Config.ts"

/** Servers that speak first, and count whom they have greeted for nothing: SSH, mail, MySQL, PostgreSQL. */
const GREETING_PORTS = [22, 25, 110, 143, 587, 3306, 5432]

/**
 * The general sections under a name; on ports whose servers greet it keeps no warm sockets and is probed
 * lazily, and where candidates have to prove who
 * they are it is by this name.
 */
export function demanded(
  { template, onDemand: { mode } }: Pick<Config, "template" | "onDemand">,
  { host, port, name }: Pick<UpstreamConfig, "host" | "port" | "name">
): UpstreamConfig {
  const counts = GREETING_PORTS.includes(port)
  const pool = counts ? { ...template.pool, mode: "off" as const } : template.pool
  const probing = counts ? { ...template.probing, idle: "lazy" as const } : template.probing
  const candidates = isLiteral(host) ? [{ host, port }] : []
  const proves = !isLiteral(host) && (mode === "tls" || (mode === "auto" && port === 443))
  // A certificate never has the dot at the end that a name may have.
  const identity = proves ? { servername: host.endsWith(".") ? host.slice(0, -1) : host, ca: "" } : null
  return { ...template, name, host, port, candidates, pool, probing, identity, preheat: false, onDemand: true }
}
