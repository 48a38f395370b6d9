/**
 * The configuration that `init` writes: what a new user needs, then the keys that are changed most often, with their defaults.
 */
import type * as SchemaAST from "effect/SchemaAST"
import { stringify } from "yaml"
import { note, schemaAt } from "./schemaKeys.ts"

const HEAD = `# Fairlead's configuration. Check it with: fairlead check --config FILE
# While the service runs, a change of this file applies at once and ends no session. A file with a mistake changes nothing.
# Every key: docs/configuration.md. For completion in an editor: fairlead schema > fairlead.schema.json

# Addresses at which clients connect.
listeners:
  - name: web
    listen: 127.0.0.1:1234
    upstream: web

# Addresses that serve the clients: edit these. A candidate is an IP, IP:port, [v6]:port or a network.
upstreams:
  web:
    port: 443
    candidates:
      - 198.18.0.11
      - 198.18.0.12:8443
      - 198.18.0.0/29
    # host: example.com            # the addresses of this name are candidates too

# The keys below are commented out and show the defaults.
`

/** Sections with those of their keys that are shown. */
const SHOWN: ReadonlyArray<readonly [section: string, keys: ReadonlyArray<string>]> = [
  ["probing", ["interval", "timeout", "challengers", "ratePerSecond"]],
  ["selector", ["activeSetSize", "minScore"]],
  ["balancing", ["policy"]],
  ["dial", ["timeout", "raceDelay", "deadline"]],
  ["pool", ["mode", "max", "maxAge"]],
  ["breaker", ["failureThreshold", "cooldown", "maxCooldown"]],
  ["session", ["idle", "halfClose"]],
  ["dns", ["servers", "refresh"]],
  ["sources", ["builtin", "userStatic", "history", "dns", "fallback"]],
  ["access", ["allow", "deny"]],
  ["eventLog", ["path", "segments", "maxAge"]],
  ["history", ["path", "maxEntries"]],
  ["admin", ["listen", "token"]],
  ["telemetry.otlp", ["endpoint", "sampleRatio"]],
  ["log", ["level", "format", "output"]],
  ["privacy", ["addresses"]],
  ["shutdown", ["drain"]]
]

/** Descriptions begin in this column. */
const NOTE_COLUMN = 36

export function initText(ast: SchemaAST.AST): string {
  const sections = SHOWN.map(([name, keys]) => {
    const steps = name.split(".")
    const heads = steps.map((step, depth) => `# ${"  ".repeat(depth)}${step}:`)
    return [...heads, ...keys.map((key) => keyLine(ast, steps, key))].join("\n")
  })
  return `${HEAD}\n${sections.join("\n\n")}\n`
}

function keyLine(ast: SchemaAST.AST, section: ReadonlyArray<string>, key: string): string {
  const type = schemaAt(ast, [...section, key])
  const fallback = type === undefined ? undefined : note(type, "default")
  if (type === undefined || fallback === undefined) throw new Error(`no key with a default: ${[...section, key].join(".")}`)
  const value = stringify(fallback, { collectionStyle: "flow", lineWidth: 0 }).trim()
  const line = `# ${"  ".repeat(section.length)}${key}: ${value}`
  return `${line.padEnd(NOTE_COLUMN)} # ${String(note(type, "description") ?? "")}`
}
