/**
 * Writes src/apps/embed/FairleadConfig.ts from the schema, so that editors show programs each key with its meaning, range and
 * default: `node tools/configTypes.ts` (`--check` only compares).
 */
import type * as SchemaAST from "effect/SchemaAST"
import { readFileSync, writeFileSync } from "node:fs"
import process from "node:process"
import { NOT_FOR_PROGRAMS, PRESETS } from "../src/apps/embed/presets.ts"
import { choicesOf, formOf, isRequired, note } from "../src/apps/config/schemaKeys.ts"
import { ConfigFile } from "../src/core/schema/ConfigFile.ts"

const FILE = "src/apps/embed/FairleadConfig.ts"
const WIDTH = 120
/** Keys that a program may leave out although a file needs them. */
const OPTIONAL = ["listeners"]

/** Interfaces by their bodies: sections with the same keys are one. */
const interfaces = new Map<string, string>()

type Path = ReadonlyArray<string>

function typeOf(ast: SchemaAST.AST, path: Path): string {
  const form = formOf(ast)
  if (form !== undefined) return jsonType(form.json)
  const choices = choicesOf(ast)
  if (choices !== undefined) return choices.map((choice) => JSON.stringify(choice)).join(" | ")
  if (ast._tag === "Boolean") return "boolean"
  if (ast._tag === "Arrays" && ast.rest[0] !== undefined) return `ReadonlyArray<${typeOf(ast.rest[0], path)}>`
  if (ast._tag !== "Objects") return "string"
  const values = ast.indexSignatures[0]?.type
  if (values !== undefined) return `{ readonly [name: string]: ${typeOf(values, path)} }`
  return interfaceOf(ast, path)
}

interface Json {
  readonly type?: string
  readonly enum?: ReadonlyArray<unknown>
  readonly anyOf?: ReadonlyArray<Json>
}

function jsonType({ type, enum: values, anyOf }: Json): string {
  if (anyOf !== undefined) return anyOf.map(jsonType).join(" | ")
  if (values !== undefined) {
    return values.map((value) => JSON.stringify(value)).join(" | ").replace("true | false", "boolean")
  }
  return type === "integer" || type === "number" ? "number" : type === "boolean" ? "boolean" : "string"
}

function interfaceOf(ast: SchemaAST.Objects, path: Path): string {
  const keys = ast.propertySignatures
    .filter(({ name }) => path.length > 0 || !NOT_FOR_PROGRAMS.includes(String(name)))
    .map(({ name, type }) => {
      const here = [...path, String(name)]
      const optional = isRequired(type) && !OPTIONAL.includes(here.join(".")) ? "" : "?"
      return `${docOf(type, here)}  readonly ${String(name)}${optional}: ${typeOf(type, here)}\n`
    })
  const body = `{\n${keys.join("")}}`
  const known = interfaces.get(body)
  if (known !== undefined) return known
  const name = nameOf(path)
  interfaces.set(body, name)
  return name
}

/** `UpstreamPoolKeys` of `upstreams.pool`. */
function nameOf(path: Path): string {
  if (path.length === 0) return "FairleadConfig"
  const words = path.map((word) => word.replace(/^(upstream|listener)s$/, "$1"))
  return `${words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join("")}Keys`
}

/** A sentence. A text that begins with a value of the key keeps it as it is written. */
const sentence = (text: string) => `${text.replace(/^(?!\w+[:,])\w/, (first) => first.toUpperCase())}.`
/** What an empty default means is said by the description. */
const isEmpty = (value: unknown) => value === "" || JSON.stringify(value) === "{}"

function docOf(ast: SchemaAST.AST, path: Path): string {
  const description = note(ast, "description")
  const isSection = ast._tag === "Objects" && ast.encoding === undefined && description === undefined
  if (isSection) return ""
  const expected = formOf(ast)?.expected
  const [section = "", key = ""] = path
  const fallback = (path.length === 2 ? PRESETS[section]?.[key] : undefined) ?? note(ast, "default")
  const parts = [
    typeof description === "string" ? sentence(description) : undefined,
    expected === undefined ? undefined : sentence(expected),
    fallback === undefined || isEmpty(fallback) ? undefined : `Default: \`${JSON.stringify(fallback)}\`.`,
    note(ast, "later") === true ? "It has no effect yet in this version." : undefined
  ]
  return comment(parts.filter((part) => part !== undefined).join(" "))
}

function comment(text: string): string {
  if (text === "") return ""
  if (text.length + 9 <= WIDTH) return `  /** ${text} */\n`
  const lines = [""]
  for (const word of text.split(" ")) {
    const last = lines[lines.length - 1] as string
    if (last.length + word.length + 6 > WIDTH) lines.push(word)
    else lines[lines.length - 1] = last === "" ? word : `${last} ${word}`
  }
  return `  /**\n${lines.map((line) => `   * ${line}\n`).join("")}   */\n`
}

if (ConfigFile.ast._tag !== "Objects") throw new Error("the configuration is no section")
// The general sections first: those of an upstream that are the same have their names.
for (const { name, type } of ConfigFile.ast.propertySignatures) {
  if (!["upstreams", "listeners", ...NOT_FOR_PROGRAMS].includes(String(name))) typeOf(type, [String(name)])
}
typeOf(ConfigFile.ast, [])
const HEAD = `/**
 * Generated by tools/configTypes.ts from the schema: the configuration as a plain object. docs/configuration.md has the same keys
 * as a file has them. The differences:
 * - No listener is needed.
 * - The default of \`eventLog.path\` and \`history.path\` is \`none\`, and that of \`admin.listen\` is \`off\`.
 * - There is no \`log\` and no \`shutdown\`: a program has its own loggers, and ends its connections itself.
 */
`
const text = HEAD + [...interfaces].toReversed().map(([body, name]) => `export interface ${name} ${body}\n`).join("\n")
if (process.argv.includes("--check")) {
  if (readFileSync(FILE, "utf8") !== text) {
    console.error(`${FILE} is not what the schema says: run node tools/configTypes.ts`)
    process.exit(1)
  }
} else writeFileSync(FILE, text)
