/**
 * The service's configuration in the demo: the defaults, except for a probe each second, so that one minute shows what takes
 * ten.
 */
import type { Address } from "../../core/model/Config.ts"
import { parse } from "../config/parse.ts"
import { render } from "../config/Problem.ts"
import type { Settings } from "../config/Settings.ts"
import { NORMAL_MS } from "./scenes.ts"

/** For another duration than the script's, the defaults are stretched like the script. */
function stretched(scaled: (ms: number) => string): string {
  return `scoring: { decay: ${scaled(3_000)} }
selector: { evaluationInterval: ${scaled(1_000)}, switching: { hold: ${scaled(30_000)} } }
breaker: { firstTrial: ${scaled(1_000)}, cooldown: ${scaled(30_000)}, timeoutCooldown: ${scaled(180_000)},
  maxCooldown: ${scaled(300_000)}, ramp: ${scaled(30_000)} }
session: { stall: ${scaled(10_000)} }
`
}

/** The file as a user would write it. */
export function configurationOf(addresses: ReadonlyArray<Address>, record: string, durationMs: number): string {
  const scaled = (ms: number, leastMs = 100) => `${Math.max(leastMs, Math.round(ms * durationMs / NORMAL_MS))}ms`
  return `listeners: [{ name: web, listen: "127.0.0.1:0", upstream: web }]
upstreams: { web: { candidates: [${addresses.map(({ host, port }) => `"${host}:${port}"`).join(", ")}] } }
probing: { interval: ${scaled(1_000)}, timeout: ${
    durationMs < NORMAL_MS ? scaled(2_000) : "2s"
  }, perHost: ${addresses.length} }
${durationMs === NORMAL_MS ? "" : stretched(scaled)}eventLog: { path: ${JSON.stringify(record)} }
history: { path: none }
admin: { listen: "off" }
log: { level: warn }
`
}

export function settingsFor(addresses: ReadonlyArray<Address>, record: string, durationMs: number): Settings {
  const { settings, problems } = parse(configurationOf(addresses, record, durationMs))
  if (settings === undefined) throw new Error(problems.map((problem) => render("demo", problem)).join("\n"))
  return settings
}
