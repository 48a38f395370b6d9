/**
 * Values from the environment:
 * - `${NAME}` in a value is replaced by the variable NAME.
 * - `${NAME:-default}` gives a default for an unset or empty variable.
 * - `$${` stands for `${`.
 *
 * Where the schema wants a number or a truth value, the text becomes one. All other values stay text. A replaced value is not
 * replaced again, and keys are never replaced.
 */
import type * as SchemaAST from "effect/SchemaAST"
import { put } from "./plain.ts"
import type { Found, Path } from "./Problem.ts"
import { nameOf } from "./Problem.ts"
import { kindAt } from "./schemaKeys.ts"

export type Environment = Readonly<Record<string, string | undefined>>

export interface Substituted {
  readonly value: unknown
  readonly problems: ReadonlyArray<Found>
  /** The paths with values from the environment. */
  readonly fromEnvironment: ReadonlySet<string>
}

/** Deeper than any configuration. A list may contain itself through an alias. */
const MOST_DEPTH = 16

export function substitute(file: unknown, ast: SchemaAST.AST, environment: Environment): Substituted {
  const problems: Array<Found> = []
  const fromEnvironment = new Set<string>()

  const walk = (node: unknown, path: Path): unknown => {
    if (typeof node === "string") return node.includes("${") ? replaced(node, path) : node
    if (typeof node !== "object" || node === null) return node
    if (path.length > MOST_DEPTH) {
      problems.push({
        path,
        expected: "a flat file",
        message: "is nested too deeply: does a list or section contain itself?"
      })
      return null
    }
    if (Array.isArray(node)) return node.map((item, i) => walk(item, [...path, i]))
    const copy = {}
    for (const [key, value] of Object.entries(node)) put(copy, key, walk(value, [...path, key]))
    return copy
  }

  const replaced = (text: string, path: Path): unknown => {
    let used = false
    const result = text.replace(REFERENCE, (whole, name?: string, fallback?: string) => {
      if (whole === "$${") return "${"
      used = true
      if (name === undefined) {
        problems.push({ path, expected: "${NAME}", message: MALFORMED })
        return ""
      }
      const value = environment[name]
      if (fallback !== undefined && (value === undefined || value === "")) return fallback
      if (value === undefined) problems.push({ path, expected: `the environment to hold ${name}`, message: unset(name) })
      return value ?? ""
    })
    if (!used) return result
    fromEnvironment.add(nameOf(path))
    return typed(result, kindAt(ast, path))
  }
  return { value: walk(file, []), problems, fromEnvironment }
}

/** An escape, a reference with or without a default, or the beginning of a faulty one. */
const REFERENCE = /\$\$\{|\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}|\$\{/g
const MALFORMED =
  "has a ${ that begins no reference: write ${NAME} or ${NAME:-default}, or $${ for the characters themselves"

function unset(name: string): string {
  const seen = "Deno" in globalThis ? ", let Deno see it (--allow-env)" : ""
  return `the environment variable ${name} is not set: set it${seen}, or give a default with \${${name}:-default}`
}

function typed(text: string, kind: ReturnType<typeof kindAt>): unknown {
  if (kind === "number" && /^[+-]?\d+(\.\d+)?$/.test(text)) return Number(text)
  if (kind === "boolean" && (text === "true" || text === "false")) return text === "true"
  return text
}
