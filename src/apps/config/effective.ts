/**
 * The effective configuration: every key in the order of the schema, with its default where the file is silent, and with
 * secrets hidden.
 */
import type * as SchemaAST from "effect/SchemaAST"
import { HIDDEN } from "./explain.ts"
import { isPlain, put } from "./plain.ts"
import { note } from "./schemaKeys.ts"

/** Takes a file with its defaults filled in, before decoding, so values look as they are written. */
export function effective(ast: SchemaAST.AST, raw: unknown): unknown {
  if (note(ast, "secret") === true) return raw === "" ? "" : HIDDEN
  if (ast.encoding !== undefined) return raw
  if (ast._tag === "Arrays" && Array.isArray(raw)) {
    const element = ast.rest[0]
    return element === undefined ? raw : raw.map((item) => effective(element, item))
  }
  if (ast._tag !== "Objects" || !isPlain(raw)) return raw
  const ordered = {}
  for (const { name, type } of ast.propertySignatures) {
    const key = String(name)
    // Keys of later work have no effect.
    if (raw[key] !== undefined && note(type, "later") !== true) put(ordered, key, effective(type, raw[key]))
  }
  const values = ast.indexSignatures[0]?.type
  if (values === undefined) return ordered
  for (const [key, value] of Object.entries(raw)) put(ordered, key, effective(values, value))
  return ordered
}

/** Without `allow` where clients name no target: written there, it is a mistake, because it holds no client back. */
export function withoutIdle(shown: unknown): unknown {
  if (!isPlain(shown) || !Array.isArray(shown["listeners"])) return shown
  const listeners = shown["listeners"].map((one) => {
    if (!isPlain(one) || one["protocol"] !== "tcp") return one
    const { allow: _, ...rest } = one
    return rest
  })
  return { ...shown, listeners }
}
