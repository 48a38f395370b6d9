/** What a schema knows of its keys: their names at a path, for suggestions, and their defaults. */
import * as SchemaAST from "effect/SchemaAST"

type Path = ReadonlyArray<string | number>

export function allowedKeys(ast: SchemaAST.AST, path: Path): ReadonlyArray<string> {
  const node = shapeOf(ast)
  if (node === undefined) return []
  const [head, ...rest] = path
  if (node._tag === "Arrays") {
    const element = node.rest[0]
    return head === undefined || element === undefined ? [] : allowedKeys(element, rest)
  }
  if (head === undefined) return node.propertySignatures.map(({ name }) => String(name))
  const property = node.propertySignatures.find(({ name }) => name === head)
  const next = property?.type ?? node.indexSignatures[0]?.type
  return next === undefined ? [] : allowedKeys(next, rest)
}

function shapeOf(ast: SchemaAST.AST): SchemaAST.Objects | SchemaAST.Arrays | undefined {
  if (ast._tag === "Objects" || ast._tag === "Arrays") return ast
  return undefined
}

/** Writes the default of every key that is missing into a raw value, in place; what has another shape is left for decoding. */
export function fillDefaults(ast: SchemaAST.AST, raw: unknown): void {
  const node = shapeOf(ast)
  if (typeof raw !== "object" || raw === null || node === undefined) return
  if (node._tag === "Arrays") {
    const element = node.rest[0]
    if (Array.isArray(raw) && element !== undefined) { for (const item of raw) fillDefaults(element, item) }
    return
  }
  const record = raw as Record<string, unknown>
  for (const { name, type } of node.propertySignatures) {
    const fallback = SchemaAST.resolve(type)?.["default"]
    if (record[String(name)] === undefined && fallback !== undefined) record[String(name)] = structuredClone(fallback)
    fillDefaults(type, record[String(name)])
  }
  const values = node.indexSignatures[0]?.type
  if (values !== undefined) { for (const value of Object.values(record)) fillDefaults(values, value) }
}
