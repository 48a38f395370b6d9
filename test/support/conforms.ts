/** The part of JSON Schema (draft-07, and `$defs` of 2020-12) that this program's schemas use; an unknown keyword is a fault of the schema. */

type Json = Readonly<Record<string, unknown>>

const KNOWN = new Set([
  "$schema",
  "title",
  "description",
  "default",
  "examples",
  "definitions",
  "$defs",
  "$ref",
  "anyOf",
  "enum",
  "type",
  "pattern",
  "minimum",
  "maximum",
  "minLength",
  "items",
  "properties",
  "patternProperties",
  "required",
  "additionalProperties"
])

/** The violations of the schema, as paths with reasons. */
export function violations(root: Json, value: unknown, schema: Json = root, path = ""): ReadonlyArray<string> {
  const unknown = Object.keys(schema).filter((key) => !KNOWN.has(key))
  if (unknown.length > 0) return [`${path}: the schema has unknown keywords ${unknown}`]
  const reference = schema["$ref"]
  if (typeof reference === "string") {
    const [, place = "", name = ""] = reference.split("/")
    return violations(root, value, (root[place] as Record<string, Json>)[name] as Json, path)
  }
  const any = schema["anyOf"] as ReadonlyArray<Json> | undefined
  if (any !== undefined) {
    return any.some((one) => violations(root, value, one, path).length === 0) ? [] : [`${path}: none of the forms`]
  }
  const choices = schema["enum"] as ReadonlyArray<unknown> | undefined
  if (choices !== undefined) return choices.includes(value) ? [] : [`${path}: not in enum`]
  if (!isOfType(value, schema["type"])) return [`${path}: not of type ${String(schema["type"])}`]
  if (typeof value === "string") return text(value, schema, path)
  if (typeof value === "number") {
    const { minimum = -Infinity, maximum = Infinity } = schema as { minimum?: number; maximum?: number }
    return value >= minimum && value <= maximum ? [] : [`${path}: out of range`]
  }
  if (Array.isArray(value)) {
    return value.flatMap((item, i) => violations(root, item, schema["items"] as Json, `${path}/${i}`))
  }
  return typeof value === "object" && value !== null ? members(root, value as Json, schema, path) : []
}

function isOfType(value: unknown, type: unknown): boolean {
  switch (type) {
    case "string":
      return typeof value === "string"
    case "null":
      return value === null
    case "boolean":
      return typeof value === "boolean"
    case "integer":
      return Number.isInteger(value)
    case "number":
      return typeof value === "number"
    case "array":
      return Array.isArray(value)
    case "object":
      return typeof value === "object" && value !== null && !Array.isArray(value)
    default:
      return false
  }
}

function text(value: string, { pattern, minLength }: Json, path: string): ReadonlyArray<string> {
  if (typeof minLength === "number" && value.length < minLength) return [`${path}: too short`]
  return typeof pattern === "string" && !new RegExp(pattern).test(value) ? [`${path}: not like ${pattern}`] : []
}

function members(root: Json, value: Json, schema: Json, path: string): ReadonlyArray<string> {
  const properties = (schema["properties"] ?? {}) as Record<string, Json>
  const required = (schema["required"] ?? []) as ReadonlyArray<string>
  const others = schema["additionalProperties"]
  const patterns = Object.keys(schema["patternProperties"] ?? {}).map((pattern) => new RegExp(pattern))
  return [
    ...required.filter((name) => !Object.hasOwn(value, name)).map((name) => `${path}/${name}: missing`),
    ...Object.entries(value).flatMap(([name, member]) => {
      if (patterns.some((pattern) => pattern.test(name))) return []
      const own = properties[name] ?? (typeof others === "object" ? others as Json : undefined)
      return own === undefined ? [`${path}/${name}: unknown`] : violations(root, member, own, `${path}/${name}`)
    })
  ]
}
