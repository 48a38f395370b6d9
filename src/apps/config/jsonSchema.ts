/**
 * JSON Schema (draft-07) of the configuration file, for editors. It describes the file as it is written, so values with units
 * are texts. `${NAME}` may stand for a number, a truth value or a choice.
 */
import type * as SchemaAST from "effect/SchemaAST"
import { choicesOf, formOf, isRequired, note, OWN_KEYS } from "./schemaKeys.ts"

export type JsonSchema = Readonly<Record<string, unknown>>

const ENVIRONMENT: JsonSchema = {
  type: "string",
  pattern: "\\$\\{[A-Za-z_][A-Za-z0-9_]*(:-[^}]*)?\\}",
  description: "A value from the environment: ${NAME} or ${NAME:-default}"
}
const REFERENCE: JsonSchema = { $ref: "#/definitions/environment" }

export function jsonSchema(ast: SchemaAST.AST): JsonSchema {
  return {
    $schema: "http://json-schema.org/draft-07/schema#",
    title: "Configuration of Fairlead",
    ...schemaOf(ast),
    definitions: { environment: ENVIRONMENT }
  }
}

function schemaOf(ast: SchemaAST.AST): JsonSchema {
  return { ...notesOf(ast), ...shapeOf(ast) }
}

function notesOf(ast: SchemaAST.AST): JsonSchema {
  const [description, fallback, examples] = ["description", "default", "examples"].map((name) => note(ast, name))
  const expected = formOf(ast)?.expected
  const yet = note(ast, "later") === true ? "(no effect yet in this version)" : undefined
  const words = [description, expected === undefined ? undefined : `(${expected})`, yet].filter((part) => part !== undefined)
  return {
    ...(words.length === 0 ? {} : { description: words.join(" ") }),
    // The default of a section follows from its keys. It is not an empty section.
    ...(fallback === undefined || isSection(ast) ? {} : { default: fallback }),
    ...(examples === undefined ? {} : { examples })
  }
}

const isSection = (ast: SchemaAST.AST) =>
  ast._tag === "Objects" && ast.encoding === undefined && ast.indexSignatures.length === 0

function shapeOf(ast: SchemaAST.AST): JsonSchema {
  const form = formOf(ast)
  if (form !== undefined) return orEnvironment(form.json)
  const choices = choicesOf(ast)
  if (choices !== undefined) return orEnvironment({ enum: choices })
  switch (ast._tag) {
    case "Boolean":
      return orEnvironment({ type: "boolean" })
    case "Arrays":
      return { type: "array", items: ast.rest[0] === undefined ? {} : schemaOf(ast.rest[0]) }
    case "Objects":
      return objectOf(ast)
    default:
      return { type: "string" }
  }
}

/** Where any text is valid, so is a reference. Elsewhere the schema admits a reference as well. */
function orEnvironment(json: JsonSchema): JsonSchema {
  return json["type"] === "string" && json["pattern"] === undefined ? json : { anyOf: [json, REFERENCE] }
}

function objectOf(ast: SchemaAST.Objects): JsonSchema {
  const values = ast.indexSignatures[0]?.type
  if (values !== undefined) return { type: "object", additionalProperties: schemaOf(values) }
  const required = ast.propertySignatures.filter(({ type }) => isRequired(type)).map(({ name }) => String(name))
  return {
    type: "object",
    properties: Object.fromEntries(ast.propertySignatures.map(({ name, type }) => [String(name), schemaOf(type)])),
    ...(required.length === 0 ? {} : { required }),
    patternProperties: { [OWN_KEYS.source]: {} },
    additionalProperties: false
  }
}
