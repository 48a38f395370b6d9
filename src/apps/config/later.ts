/**
 * Keys of later work. They are accepted, so that one file fits every version, and each one that is set gets a warning that it
 * has no effect yet. None of them would protect: a key that protects and does not act would be a mistake (protections.ts).
 */
import type * as SchemaAST from "effect/SchemaAST"
import type { Found, Path } from "./Problem.ts"
import { eachValue, note } from "./schemaKeys.ts"

/**
 * Messages about the later keys in a file as it was written. `isWrong`: such a value has a mistake that is reported elsewhere.
 */
export function laterOf(ast: SchemaAST.AST, file: unknown, isWrong: (path: Path) => boolean): ReadonlyArray<Found> {
  const warnings: Array<Found> = []
  eachValue(ast, file, (path, type, value) => {
    if (note(type, "later") !== true || value === null || isWrong(path)) return
    warnings.push({ path, expected: "nothing in this version", message: "has no effect yet in this version" })
  })
  return warnings
}
