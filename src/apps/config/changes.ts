/** The differences between two configurations, by the names of keys. No value is shown. */
import * as Redacted from "effect/Redacted"
import { isPlain } from "./plain.ts"
import type { Settings } from "./Settings.ts"

/** The paths of keys with different values. A whole section where only one side has it. */
export function changedKeys(before: unknown, after: unknown, path = ""): ReadonlyArray<string> {
  if (!isPlain(before) || !isPlain(after)) return JSON.stringify(before) === JSON.stringify(after) ? [] : [path]
  const keys = new Set([...Object.keys(before), ...Object.keys(after)])
  return [...keys].flatMap((key) => changedKeys(before[key], after[key], path === "" ? key : `${path}.${key}`))
}

/** Keys of what is bound or opened once at the start, and exceptions from them. */
const AT_START = [
  "admin",
  "dns.resolutionDelay",
  "dns.tellAgain",
  "eventLog",
  "history",
  "limits",
  "log",
  "privacy",
  "telemetry"
]
const AT_ONCE = ["history.maxEntries", "history.serveFor", "limits.backlog", "log.level"]

/** Those of these keys that take effect with the next start only. */
export function needRestart(keys: ReadonlyArray<string>): ReadonlyArray<string> {
  const below = (key: string, names: ReadonlyArray<string>) =>
    names.some((name) => key === name || key.startsWith(`${name}.`))
  return keys.filter((key) => below(key, AT_START) && !below(key, AT_ONCE))
}

/** The one secret that differs and that no printed configuration shows. */
export function tokenChanged(before: Settings, after: Settings): boolean {
  const token = ({ admin }: Settings) =>
    admin?.token === undefined || admin.token === null ? "" : Redacted.value(admin.token)
  return token(before) !== token(after)
}
