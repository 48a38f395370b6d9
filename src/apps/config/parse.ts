/**
 * Turns the text of a configuration (YAML or JSON) into settings. It reports all problems at once, each with line, path, value,
 * expectation and remedy.
 *
 * Mistakes in single values do not hide mistakes between keys: a wrong value is replaced by a valid one, and problems with the
 * replacement are not reported.
 */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"
import { ConfigFile } from "../../core/schema/ConfigFile.ts"
import type { AddressList } from "./addressesOf.ts"
import { addressesOf } from "./addressesOf.ts"
import { asciiHosts } from "./asciiHosts.ts"
import { builtinOf } from "./builtinOf.ts"
import { checksOf, warningsOf } from "./checks.ts"
import { countingNotes } from "./counting.ts"
import { effective, withoutIdle } from "./effective.ts"
import type { Environment } from "./environment.ts"
import { substitute } from "./environment.ts"
import type { Written } from "./explain.ts"
import { explain, HIDDEN, shownValue } from "./explain.ts"
import { emptied } from "./emptied.ts"
import { laterOf } from "./later.ts"
import { isInherited, overlay } from "./overlay.ts"
import { setAt, valueAt } from "./plain.ts"
import type { Found, Path, Problem, Show } from "./Problem.ts"
import { nameOf } from "./Problem.ts"
import { unusedProtections } from "./protections.ts"
import { tlsMistakes, unusedTls } from "./tlsChecks.ts"
import { fillDefaults, schemaAt, validValue, withoutOwn } from "./schemaKeys.ts"
import type { Settings } from "./Settings.ts"
import { settingsOf } from "./settingsOf.ts"
import { telemetryOf } from "./telemetryOf.ts"
import type { YamlSource } from "./yamlSource.ts"
import { readYaml } from "./yamlSource.ts"

export interface Parsed {
  /** undefined: there are problems. */
  readonly settings: Settings | undefined
  readonly problems: ReadonlyArray<Problem>
  readonly warnings: ReadonlyArray<Problem>
  /** Consequences of the file that may surprise, for a user that wants to see what is in force. */
  readonly notes: ReadonlyArray<Problem>
  /** The configuration in force, as it would be written; undefined: there are problems. */
  readonly effective: unknown
  /** Files of certificates that are still to be read (authorities.ts); none where there are problems. */
  readonly caFiles: ReadonlyArray<CaFile>
}

export interface CaFile {
  /** The path as it is written. */
  readonly file: string
  /** The problem to report when the file is of no use. */
  readonly problem: (why: string) => Problem
}

const AST = ConfigFile.ast
const decode = Schema.decodeUnknownResult(ConfigFile, { errors: "all", onExcessProperty: "error" })
const format = SchemaIssue.makeFormatterStandardSchemaV1()

/** `environment` gives the values of `${NAME}` and the OTEL_* variables. */
export function parse(text: string, environment: Environment = {}): Parsed {
  return parseSource(readYaml(text), environment)
}

/** The same for a configuration that is no text. `embedded`: it needs no listener. */
export function parseSource(source: YamlSource, environment: Environment, embedded = false): Parsed {
  if (source.broken.length > 0) {
    return {
      settings: undefined,
      problems: source.broken,
      warnings: source.warnings,
      notes: [],
      effective: undefined,
      caFiles: []
    }
  }
  const { value: file, problems: unset, fromEnvironment } = substitute(withoutOwn(AST, source.value), AST, environment)
  const written: Written = { file: structuredClone(file), ast: AST, fromEnvironment }
  const located = (found: Found): Problem => ({
    ...source.locationOf(found.path),
    path: nameOf(found.path),
    value: shownValue(written, found.path),
    expected: found.expected,
    message: found.message,
    nearest: found.nearest
  })
  asciiHosts(file)
  overlay(file)
  fillDefaults(AST, file)
  const { decoded, issues } = decodeAround(file, written, unset.map(({ path }) => path))
  const show: Show = (path, value) => shownValue(written, path) === HIDDEN ? HIDDEN : value
  const built = decoded === undefined ? undefined : build(decoded, written, show, environment, embedded)
  const wrong = [...unset, ...issues].map(({ path }) => nameOf(path))
  const later = laterOf(AST, written.file, (path) => isWithin(path, wrong))
  const found = [
    ...source.repeated,
    ...unset,
    ...issues.filter(({ path }) => !isInherited(written.file, path) && !unset.some((one) => same(one.path, path))),
    ...emptied(written).filter(({ path }) => !isWithin(path, wrong)),
    ...(built?.problems ?? []).filter(({ path, uses = [path] }) => !uses.some((use) => isWithin(use, wrong)))
  ]
  const ok = found.length === 0 && built !== undefined
  return {
    settings: ok ? built.settings : undefined,
    problems: inOrder(found.map(located)),
    warnings: [
      ...source.warnings,
      ...later.map(located),
      ...(built?.warnings ?? []).map(located)
    ],
    notes: ok && decoded !== undefined ? countingNotes(decoded, show).map(located) : [],
    effective: ok ? withoutIdle(effective(AST, file)) : undefined,
    caFiles: ok && decoded !== undefined ? caFilesOf(decoded, located) : []
  }
}

function caFilesOf(file: ConfigFile, located: (found: Found) => Problem): ReadonlyArray<CaFile> {
  return Object.entries(file.upstreams).filter(([, { caFile }]) => caFile !== "").map(([name, { caFile }]) => {
    const path = ["upstreams", name, "caFile"]
    const expected = "a file of certificates in PEM"
    return {
      file: caFile,
      problem: (why) => located({ path, expected, message: `cannot be used: ${why}` })
    }
  })
}

interface Decoded {
  readonly decoded: ConfigFile | undefined
  readonly issues: ReadonlyArray<Found>
}

/** Decodes. A wrong value, found here or before, is reported and then replaced in place, so that the rest can be checked. */
function decodeAround(file: unknown, written: Written, wrong: ReadonlyArray<Path>): Decoded {
  const first = decode(file)
  if (Result.isSuccess(first)) return { decoded: first.success, issues: [] }
  const issues = format(first.failure.issue).issues.map((issue) => {
    const path: Path = (issue.path ?? []).map((step) => typeof step === "object" ? step.key : step) as Path
    return explain(written, path, issue.message)
  }).filter((issue, i, all) => all.findIndex((one) => same(one.path, issue.path) && one.message === issue.message) === i)
  for (const path of [...wrong, ...issues.map(({ path }) => path)]) {
    const type = schemaAt(AST, path)
    setAt(file, path, type === undefined ? undefined : validValue(type))
  }
  const second = decode(file)
  return { decoded: Result.isSuccess(second) ? second.success : undefined, issues }
}

const LISTS: ReadonlyArray<AddressList> = ["candidates", "fallback"]

function build(file: ConfigFile, written: Written, show: Show, environment: Environment, embedded: boolean) {
  const expanded = new Map(
    Object.keys(file.upstreams).flatMap((name) =>
      LISTS.map((list) => [`${list} ${name}`, addressesOf(file, name, list, show)])
    )
  )
  const ratioWritten = valueAt(written.file, ["telemetry", "otlp", "sampleRatio"]) !== undefined
  const { telemetry, warnings } = telemetryOf(file.telemetry, environment, { ratioWritten, embedded })
  const builtin = builtinOf(file, show)
  const addresses = (name: string, list: AddressList) => expanded.get(`${list} ${name}`)?.addresses ?? []
  const settings = settingsOf(file, addresses, telemetry, builtin.names)
  return {
    settings,
    problems: [
      ...checksOf(file, show, embedded),
      ...unusedProtections(file, written.file),
      ...tlsMistakes(file, written.file, show, embedded),
      ...[...expanded.values(), builtin].flatMap(({ problems }) => problems)
    ],
    warnings: [...warningsOf(file, show, embedded), ...(embedded ? [] : unusedTls(file, written.file)), ...warnings]
  }
}

/** Whether one of these paths is the path or leads to it. */
function isWithin(path: Path, names: ReadonlyArray<string>): boolean {
  return path.some((_, i) => names.includes(nameOf(path.slice(0, i + 1))))
}

function same(a: Path, b: Path): boolean {
  return nameOf(a) === nameOf(b)
}

/** In the order of the file. */
function inOrder(problems: ReadonlyArray<Problem>): ReadonlyArray<Problem> {
  return problems.toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0))
}
