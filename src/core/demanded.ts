/** The configuration of a host and port that nobody configured. */
import { isLiteral } from "./domain.ts"
import type { UpstreamConfig } from "./model/Config.ts"

/** Servers that speak first, and count whom they have greeted for nothing: SSH, mail, MySQL, PostgreSQL. */
const GREETING_PORTS = [22, 25, 110, 143, 587, 3306, 5432]

/** The general sections under a name; on ports whose servers greet it keeps no warm sockets. */
export function demanded(
  template: UpstreamConfig,
  { host, port, name }: Pick<UpstreamConfig, "host" | "port" | "name">
): UpstreamConfig {
  const pool = GREETING_PORTS.includes(port) ? { ...template.pool, mode: "off" as const } : template.pool
  const candidates = isLiteral(host) ? [{ host, port }] : []
  return { ...template, name, host, port, candidates, pool, preheat: false, onDemand: true }
}
