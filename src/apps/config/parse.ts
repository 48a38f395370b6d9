/**
 * Configuration text (YAML or JSON) to settings: all problems at once, each with line, path, value and expectation.
 */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"
import type { Document } from "yaml"
import { isMap, isNode, isPair, LineCounter, parseDocument } from "yaml"
import { ConfigFile, OVERRIDABLE } from "../../core/schema/ConfigFile.ts"
import { takeLaterKeys } from "./later.ts"
import { nearest } from "./nearest.ts"
import type { Problem } from "./Problem.ts"
import type { Settings } from "./Settings.ts"
import { allowedKeys, fillDefaults } from "./schemaKeys.ts"
import { settingsOf } from "./settingsOf.ts"

export interface Parsed {
  readonly settings: Settings | undefined
  readonly problems: ReadonlyArray<Problem>
  readonly warnings: ReadonlyArray<Problem>
}

type Path = ReadonlyArray<string | number>

const decode = Schema.decodeUnknownResult(ConfigFile, { errors: "all", onExcessProperty: "error" })
const format = SchemaIssue.makeFormatterStandardSchemaV1()
/** Aliases can blow a small file up to gigabytes; a configuration needs a handful. */
const MOST_ALIASES = 100

export function parse(text: string): Parsed {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines })
  const at = (path: Path, message: string): Problem => ({ ...place(document, lines, path), path: path.join("."), message })
  if (document.errors.length > 0) {
    const problems = document.errors.map(({ message, linePos }) => ({
      line: linePos?.[0].line,
      column: linePos?.[0].col,
      path: "",
      message: message.split("\n")[0] ?? message
    }))
    return { settings: undefined, problems, warnings: [] }
  }
  const raw = valueOf(document)
  if (raw === undefined) return { settings: undefined, problems: [at([], "too many aliases")], warnings: [] }
  const written: unknown = structuredClone(raw)
  const warnings = takeLaterKeys(raw).map((path) => at(path, "has no effect yet in this version"))
  overlay(raw)
  presetPools(raw)
  fillDefaults(ConfigFile.ast, raw)
  const decoded = decode(raw)
  if (Result.isFailure(decoded)) {
    const problems = format(decoded.failure.issue).issues.flatMap((issue) => {
      const path = (issue.path ?? []).map((step) => typeof step === "object" ? step.key : step) as Path
      // What an upstream inherits was reported where it is written.
      return isInherited(written, path) ? [] : [at(path, explain(issue.message, path, written))]
    })
    return { settings: undefined, problems: inOrder(problems), warnings }
  }
  const built = settingsOf(decoded.success)
  return {
    settings: built.problems.length === 0 ? built.settings : undefined,
    problems: inOrder(built.problems.map(({ path, message }) => at(path, message))),
    warnings
  }
}

/** The plain value; undefined when its aliases multiply beyond reason. */
function valueOf(document: Document): unknown {
  try {
    return document.toJS({ maxAliasCount: MOST_ALIASES }) ?? {}
  } catch {
    return undefined
  }
}

/** As they stand in the file. */
function inOrder(problems: ReadonlyArray<Problem>): ReadonlyArray<Problem> {
  return problems.toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0))
}

/** Lays each upstream's own sections over the general ones. */
function overlay(file: unknown): void {
  if (!isRecord(file) || !isRecord(file["upstreams"])) return
  for (const upstream of Object.values(file["upstreams"])) {
    if (!isRecord(upstream)) continue
    for (const name of [...OVERRIDABLE, "attempts"]) {
      const general = withoutBudget(file[name])
      if (general === undefined) continue
      const own = upstream[name]
      if (own === undefined) upstream[name] = general
      else if (isRecord(own) && isRecord(general)) upstream[name] = { ...general, ...own }
    }
  }
}

/** Servers that speak first, and count whom they have greeted for nothing: SSH, mail, MySQL, PostgreSQL. */
const NO_POOL_PORTS = [22, 25, 110, 143, 587, 3306, 5432]

/** Where nobody said otherwise, upstreams on such ports start without warm sockets. */
function presetPools(file: unknown): void {
  if (!isRecord(file) || !isRecord(file["upstreams"])) return
  for (const upstream of Object.values(file["upstreams"])) {
    if (!isRecord(upstream) || !NO_POOL_PORTS.includes(upstream["port"] as number)) continue
    const pool = upstream["pool"] ?? {}
    if (isRecord(pool)) upstream["pool"] = { mode: "off", ...pool }
  }
}

/** Limits that are one for all upstreams and cannot be overridden. */
const BUDGET = ["maxParallel", "perHost", "ratePerSecond", "maxCandidates", "total"]

function withoutBudget(general: unknown): unknown {
  if (!isRecord(general)) return general
  return Object.fromEntries(Object.entries(general).filter(([name]) => !BUDGET.includes(name)))
}

function isInherited(written: unknown, path: Path): boolean {
  if (path[0] !== "upstreams" || path.length < 3) return false
  const name = path[2]
  if (!OVERRIDABLE.includes(name as never) && name !== "attempts") return false
  return valueAt(written, path) === undefined && valueAt(written, path.slice(2)) !== undefined
}

/** The message with the value it is about, and the nearest name for an unknown key. */
function explain(message: string, path: Path, written: unknown): string {
  const value = valueAt(written, path)
  const key = path[path.length - 1]
  if (message.includes("no excess property")) {
    const guess = nearest(String(key), allowedKeys(ConfigFile.ast, path.slice(0, -1)))
    return `unknown key${guess === undefined ? "" : `, did you mean ${guess}?`}`
  }
  if (message.includes("Missing key")) return "is required"
  const expected = message.charAt(0).toLowerCase() + message.slice(1)
  return /, got /.test(expected) || value === undefined ? expected : `${expected}, got ${JSON.stringify(value)}`
}

function valueAt(file: unknown, path: Path): unknown {
  let node = file
  for (const step of path) {
    if (typeof node !== "object" || node === null) return undefined
    node = (node as Record<string | number, unknown>)[step]
  }
  return node
}

/** Where the value (for an unknown key the key, for a missing one its parent) stands in the text. */
function place(
  document: Document,
  lines: LineCounter,
  path: Path
): { line: number | undefined; column: number | undefined } {
  for (let depth = path.length; depth >= 0; depth--) {
    const parent = depth === 0 ? undefined : document.getIn(path.slice(0, depth - 1), true)
    const pair = isMap(parent)
      ? parent.items.find((item) => isPair(item) && String(item.key) === String(path[depth - 1]))
      : undefined
    const node = document.getIn(path.slice(0, depth), true)
    const start = (isNode(pair?.key) ? pair.key.range?.[0] : undefined) ?? (isNode(node) ? node.range?.[0] : undefined)
    if (start === undefined) continue
    const { line, col } = lines.linePos(start)
    return { line, column: col }
  }
  return { line: undefined, column: undefined }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}
