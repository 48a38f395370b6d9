/** What a schema says about its keys: names, defaults, forms, and which of them are secret. */
import * as SchemaAST from "effect/SchemaAST"
import type { Form } from "../../core/schema/units.ts"
import { isPlain, put } from "./plain.ts"
import type { Path } from "./Problem.ts"

/** The schema of the value at a path; undefined: no value is valid there. */
export function schemaAt(ast: SchemaAST.AST, path: Path): SchemaAST.AST | undefined {
  const [head, ...rest] = path
  if (head === undefined) return ast
  const next = ast._tag === "Arrays"
    ? ast.rest[0]
    : ast._tag === "Objects"
    ? ast.propertySignatures.find(({ name }) => name === head)?.type ?? ast.indexSignatures[0]?.type
    : undefined
  return next === undefined ? undefined : schemaAt(next, rest)
}

export function allowedKeys(ast: SchemaAST.AST, path: Path): ReadonlyArray<string> {
  const node = schemaAt(ast, path)
  return node?._tag === "Objects" ? node.propertySignatures.map(({ name }) => String(name)) : []
}

export const isRequired = (type: SchemaAST.AST): boolean =>
  type.context?.isOptional !== true && note(type, "default") === undefined

export const note = (ast: SchemaAST.AST, name: string): unknown =>
  (SchemaAST.resolve(ast) as Readonly<Record<string, unknown>> | undefined)?.[name]

export const formOf = (ast: SchemaAST.AST): Form | undefined => note(ast, "form") as Form | undefined

/** The values of an enumeration; undefined: the schema is none. */
export function choicesOf(ast: SchemaAST.AST): ReadonlyArray<string> | undefined {
  if (ast._tag === "Literal") return [String(ast.literal)]
  if (ast._tag !== "Union" || formOf(ast) !== undefined) return undefined
  const choices = ast.types.map((type) => type._tag === "Literal" ? String(type.literal) : undefined)
  return choices.every((choice) => choice !== undefined) ? choices : undefined
}

/** Valid values in words. */
export function expectationOf(ast: SchemaAST.AST): string {
  const form = formOf(ast)
  if (form !== undefined) return form.expected
  const choices = choicesOf(ast)
  if (choices !== undefined) return choices.length === 1 ? String(choices[0]) : `one of ${choices.join(", ")}`
  if (ast._tag === "Boolean") return "true or false"
  if (ast._tag === "Arrays") return "a list"
  if (ast._tag === "Objects") return "a section of keys and values"
  return "a text"
}

/** How a text from outside is read at a path. */
export function kindAt(ast: SchemaAST.AST, path: Path): "number" | "boolean" | "text" {
  const node = schemaAt(ast, path)
  if (node === undefined || node.encoding !== undefined) return "text"
  const kinds = (node._tag === "Union" ? node.types : [node]).map(({ _tag, encoding }) => encoding === undefined ? _tag : "")
  return kinds.includes("Number") ? "number" : kinds.includes("Boolean") ? "boolean" : "text"
}

/** Keys for the file's own use. */
export const OWN_KEYS = /^x-/

/** A copy without the keys for the file's own use, wherever the schema lists the keys. */
export function withoutOwn(ast: SchemaAST.AST | undefined, value: unknown): unknown {
  if (ast === undefined || ast.encoding !== undefined || typeof value !== "object" || value === null) return value
  if (Array.isArray(value)) return ast._tag === "Arrays" ? value.map((item) => withoutOwn(ast.rest[0], item)) : value
  if (ast._tag !== "Objects") return value
  const copy = {}
  for (const [key, item] of Object.entries(value)) {
    if (ast.indexSignatures.length > 0 || !OWN_KEYS.test(key)) put(copy, key, withoutOwn(schemaAt(ast, [key]), item))
  }
  return copy
}

/** Calls with each value at a known path. Sections and lists come before their content. */
export function eachValue(
  ast: SchemaAST.AST,
  value: unknown,
  visit: (path: Path, type: SchemaAST.AST, value: unknown) => void,
  path: Path = []
): void {
  if (value === undefined) return
  visit(path, ast, value)
  if (Array.isArray(value)) value.forEach((item, i) => below(i, item))
  else if (isPlain(value)) { for (const [key, item] of Object.entries(value)) below(key, item) }

  function below(step: string | number, item: unknown): void {
    const type = ast.encoding === undefined ? schemaAt(ast, [step]) : undefined
    if (type !== undefined) eachValue(type, item, visit, [...path, step])
  }
}

export function isSecretAt(ast: SchemaAST.AST, path: Path): boolean {
  const node = schemaAt(ast, path)
  return node !== undefined && note(node, "secret") === true
}

/** Writes the default of each missing key into a raw value, in place. A value of another shape is left to decoding. */
export function fillDefaults(ast: SchemaAST.AST, raw: unknown): void {
  if (typeof raw !== "object" || raw === null || ast.encoding !== undefined) return
  if (ast._tag === "Arrays") {
    const element = ast.rest[0]
    if (Array.isArray(raw) && element !== undefined) { for (const item of raw) fillDefaults(element, item) }
    return
  }
  if (ast._tag !== "Objects" || !isPlain(raw)) return
  for (const { name, type } of ast.propertySignatures) {
    const fallback = note(type, "default")
    if (note(type, "later") === true && (raw[String(name)] ?? undefined) === undefined) {
      delete raw[String(name)]
      continue
    }
    // A key without a value counts as missing, such as a section with all its lines commented out.
    if ((raw[String(name)] ?? undefined) === undefined && fallback !== undefined) {
      raw[String(name)] = structuredClone(fallback)
    }
    fillDefaults(type, raw[String(name)])
  }
  const values = ast.indexSignatures[0]?.type
  if (values !== undefined) { for (const value of Object.values(raw)) fillDefaults(values, value) }
}

/** A valid value in place of a wrong one, so that the rest can be checked. */
export function validValue(ast: SchemaAST.AST): unknown {
  const fallback = note(ast, "default")
  if (fallback !== undefined) {
    const filled = structuredClone(fallback)
    fillDefaults(ast, filled)
    return filled
  }
  const examples = note(ast, "examples")
  if (Array.isArray(examples)) return structuredClone(examples[0])
  if (ast._tag !== "Objects" || ast.encoding !== undefined) return undefined
  const made = {}
  for (const { name, type } of ast.propertySignatures) {
    if (isRequired(type)) put(made, String(name), validValue(type))
  }
  fillDefaults(ast, made)
  return made
}
