/** The service's configuration in the demo: the defaults, with intervals shortened so that a minute shows what takes ten. */
import type { Address } from "../../core/model/Config.ts"
import { parse } from "../config/parse.ts"
import { render } from "../config/Problem.ts"
import type { Settings } from "../config/Settings.ts"
import { NORMAL_MS } from "./scenes.ts"

/** The file as a user would write it. */
export function configurationOf(addresses: ReadonlyArray<Address>, record: string, durationMs: number): string {
  const scaled = (ms: number, leastMs = 100) => `${Math.max(leastMs, Math.round(ms * durationMs / NORMAL_MS))}ms`
  return `listeners: [{ name: web, listen: "127.0.0.1:0", upstream: web }]
upstreams: { web: { candidates: [${addresses.map(({ host, port }) => `"${host}:${port}"`).join(", ")}] } }
probing: { interval: ${scaled(1_000)}, timeout: ${scaled(500, 250)}, perHost: ${addresses.length} }
scoring: { decay: ${scaled(1_000)} }
selector: { evaluationInterval: ${scaled(500)}, switching: { hold: ${scaled(3_000)} } }
breaker: { failureThreshold: 3, cooldown: ${scaled(3_000)}, timeoutCooldown: ${scaled(4_000)}, maxCooldown: ${scaled(8_000)},
  ramp: ${scaled(3_000)} }
eventLog: { path: ${JSON.stringify(record)} }
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
