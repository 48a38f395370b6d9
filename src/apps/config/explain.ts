/** Mistakes in words: what was expected, what was found, and what to do. Secrets are never shown. */
import * as IpNetwork from "effect/net/IpNetwork"
import * as NetAddress from "effect/net/NetAddress"
import * as Result from "effect/Result"
import type * as SchemaAST from "effect/SchemaAST"
import { HOST, hostCure } from "../../core/schema/host.ts"
import { asciiHost } from "../../ingress/asciiHost.ts"
import { nearest } from "./nearest.ts"
import { valueAt } from "./plain.ts"
import type { Found, Path } from "./Problem.ts"
import { nameOf } from "./Problem.ts"
import { allowedKeys, choicesOf, expectationOf, isSecretAt, note, schemaAt } from "./schemaKeys.ts"

/** A file as it was written, with the values of the environment in it. */
export interface Written {
  readonly file: unknown
  readonly ast: SchemaAST.AST
  readonly fromEnvironment: ReadonlySet<string>
}

export const HIDDEN = "***"

/** The value at a path, as far as it may be shown: sections and lists are not. */
export function shownValue(written: Written, path: Path): unknown {
  const value = valueAt(written.file, path)
  if (value === undefined || value === null) return value
  if (typeof value === "number" && !Number.isFinite(value)) {
    return Number.isNaN(value) ? ".nan" : value < 0 ? "-.inf" : ".inf"
  }
  const type = schemaAt(written.ast, path)
  if (written.fromEnvironment.has(nameOf(path)) || isSecretAt(written.ast, path)) return HIDDEN
  // An unknown key may be meant as a secret, and so may a text in place of a section.
  const section = type?._tag === "Objects" && type.encoding === undefined
  if (type === undefined || section || typeof value === "object") return undefined
  return typeof value === "string" ? withoutCredentials(value) : value
}

/** A URL without user, password and query. A URL with them is a mistake everywhere, and they are secrets. */
function withoutCredentials(text: string): string {
  if (!text.includes("://")) return text
  return text.replace(/:\/\/[^/]*@/, `://${HIDDEN}@`).replace(/\?.*$/s, `?${HIDDEN}`)
}

/** Most characters of a value in a message. */
const MOST_SHOWN = 80

function got(written: Written, path: Path): string {
  const value = valueAt(written.file, path)
  const shown = shownValue(written, path)
  if (shown === HIDDEN) return HIDDEN
  if (shown === undefined) return Array.isArray(value) ? "a list" : `a ${KINDS[typeof value] ?? "section"}`
  const text = typeof value === "number" ? String(shown) : JSON.stringify(shown)
  return text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN)}...` : text
}

const KINDS: Readonly<Record<string, string>> = { string: "text", number: "number", boolean: "truth value" }

/** An issue of the schema as a mistake. */
export function explain(written: Written, path: Path, message: string): Found {
  if (message.includes("no excess property")) return unknownKey(written, path)
  const type = schemaAt(written.ast, path)
  const expected = type === undefined ? message.replace(/^expected /i, "") : expectationOf(type)
  if (message.includes("Missing key")) return missing(path, type, expected)
  const value = shownValue(written, path)
  const { text, nearest: guess } = cure(type, value)
  return { path, expected, message: `expected ${expected}, got ${got(written, path)}${text}`, nearest: guess }
}

function unknownKey({ ast }: Written, path: Path): Found {
  const known = allowedKeys(ast, path.slice(0, -1))
  const guess = nearest(String(path.at(-1)), known)
  const few = known.length <= 8 ? `known keys here are ${known.join(", ")}` : "take it out, or see docs/configuration.md"
  const hint = guess === undefined ? `; ${few}` : `, did you mean ${guess}?`
  return { path, expected: "a known key", message: `unknown key${hint}`, nearest: guess }
}

function missing(path: Path, type: SchemaAST.AST | undefined, expected: string): Found {
  const examples = type === undefined ? undefined : note(type, "examples")
  const example = Array.isArray(examples) ? `, for example ${path.at(-1)}: ${examples[0]}` : ""
  return { path, expected, message: `is required${example}` }
}

interface Cure {
  readonly text: string
  readonly nearest?: string | undefined
}

const NONE: Cure = { text: "" }

/** What to do about a value that may be shown. */
function cure(type: SchemaAST.AST | undefined, value: unknown): Cure {
  if (type === undefined || value === undefined || value === HIDDEN) return NONE
  if (value === null) return { text: ": give it a value, or take the key out" }
  const expected = expectationOf(type)
  if (expected === HOST && typeof value === "string") return { text: `: ${hostCure(asciiHost(value))}` }
  const choices = choicesOf(type)
  if (choices !== undefined) {
    const guess = nearest(String(value), choices)
    return guess === undefined ? NONE : { text: `, did you mean ${guess}?`, nearest: guess }
  }
  if (typeof value === "number" && expected.includes("a duration")) return { text: `: add a unit, such as ${value}s` }
  if (typeof value === "number" && expected.includes("a size")) return { text: `: add a unit, such as ${value}KiB` }
  if (typeof value === "number" && expected.startsWith("a text")) return { text: ": write it in quotes" }
  if (typeof value === "string" && expected.includes("number") && value.trim() !== "" && Number.isFinite(Number(value))) {
    return { text: ": write it without quotes" }
  }
  if (typeof value === "string" && value.includes("/")) return network(value)
  return NONE
}

/** `198.18.0.5/29` is inside the network that the author meant. */
function network(text: string): Cure {
  const [host = "", bits = ""] = text.split("/")
  if (!/^\d{1,3}$/.test(bits)) return NONE
  const most = host.includes(":") ? 128 : 32
  if (Number(bits) > most) return { text: `: the prefix is at most /${most}` }
  const ip = NetAddress.ipFromString(host)
  const around = Result.isFailure(ip) ? undefined : IpNetwork.fromAddress(ip.success, Number(bits))
  if (around === undefined || Result.isFailure(around)) return NONE
  return { text: `: the network around it is ${IpNetwork.format(around.success)}` }
}
