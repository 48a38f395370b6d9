/** The differences between two configurations, by the names of keys. No value is shown. */
import * as Redacted from "effect/Redacted"
import { ConfigFile } from "../../core/schema/ConfigFile.ts"
import { isPlain } from "./plain.ts"
import type { Path } from "./Problem.ts"
import { note, schemaAt } from "./schemaKeys.ts"
import type { Settings } from "./Settings.ts"

/** The paths of keys with different values. A whole section where only one side has it. */
export function changedKeys(before: unknown, after: unknown, path = ""): ReadonlyArray<string> {
  if (!isPlain(before) || !isPlain(after)) return JSON.stringify(before) === JSON.stringify(after) ? [] : [path]
  const keys = new Set([...Object.keys(before), ...Object.keys(after)])
  return [...keys].flatMap((key) => changedKeys(before[key], after[key], path === "" ? key : `${path}.${key}`))
}

/** Those of these keys that take effect with the next start only (`atStart` and `hot` of core/schema/keys.ts). */
export function needRestart(keys: ReadonlyArray<string>): ReadonlyArray<string> {
  return keys.filter((key) => isAtStart(key.split(".")))
}

/** The innermost section or key that says so decides. */
function isAtStart(path: Path): boolean {
  const said = path.map((_, i) => schemaAt(ConfigFile.ast, path.slice(0, i + 1))).flatMap((ast) =>
    ast === undefined ? [] : note(ast, "atStart") ?? []
  )
  return said.at(-1) === true
}

/** The one secret that differs and that no printed configuration shows. */
export function tokenChanged(before: Settings, after: Settings): boolean {
  const token = ({ admin }: Settings) =>
    admin?.token === undefined || admin.token === null ? "" : Redacted.value(admin.token)
  return token(before) !== token(after)
}
