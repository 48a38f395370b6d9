/** Keys that protect and that the environment left empty. An unset secret must not turn the protection off. */
import type { Written } from "./explain.ts"
import type { Found } from "./Problem.ts"
import { nameOf } from "./Problem.ts"
import { eachValue, note } from "./schemaKeys.ts"

export function emptied({ file, ast, fromEnvironment }: Written): ReadonlyArray<Found> {
  const found: Array<Found> = []
  eachValue(ast, file, (path, type, value) => {
    if (value !== "" || note(type, "protects") !== true || !fromEnvironment.has(nameOf(path))) return
    const message =
      'is empty in the environment, so it would protect nothing: set the variable, or write "" here if that is meant'
    found.push({ path, expected: "a value", message })
  })
  return found
}
