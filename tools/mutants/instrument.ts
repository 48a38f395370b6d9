/** Makes mutants with Stryker's instrumenter: lists them, and writes sources in which some of them can be switched on. */
import { Instrumenter } from "@stryker-mutator/instrumenter"
import * as fs from "node:fs"
import * as path from "node:path"
import { hash, toHex } from "../../src/core/math/hash.ts"
import type { Mutant } from "./Mutant.ts"

export const FOLDERS: ReadonlyArray<string> = ["src/core", "src/record", "src/plane"]

interface Position {
  readonly line: number
  readonly column: number
}

interface Place {
  readonly start: Position
  readonly end: Position
}

export interface Placed extends Mutant {
  readonly place: Place
  /** What the instrumented code calls it. Another run of the instrumenter may give it another one. */
  readonly id: string
}

export interface Source {
  /** The path from the project's root, with slashes. */
  readonly name: string
  readonly content: string
  /** Where mutants are made; true: everywhere. */
  readonly mutate: true | ReadonlyArray<Place>
}

export interface Instrumented {
  readonly files: ReadonlyArray<{ readonly name: string; readonly content: string }>
  readonly mutants: ReadonlyArray<Placed>
}

const quiet = () => {}
const logger = {
  isTraceEnabled: () => false,
  isDebugEnabled: () => false,
  isInfoEnabled: () => false,
  isWarnEnabled: () => true,
  isErrorEnabled: () => true,
  isFatalEnabled: () => true,
  trace: quiet,
  debug: quiet,
  info: quiet,
  warn: console.warn,
  error: console.error,
  fatal: console.error
}

/** All mutants of the sources, and the sources with a switch for each. */
export async function instrumented(sources: ReadonlyArray<Source>): Promise<Instrumented> {
  const files = sources.map(({ name, content, mutate }) => ({
    name,
    content,
    mutate: mutate === true ? true : mutate.map(({ start, end }) => ({ start, end }))
  }))
  const options = { plugins: null, excludedMutations: [], ignorers: [emptyParts(sources)], noHeader: false }
  const result = await new Instrumenter(logger).instrument(files, options)
  const lines = new Map(sources.map(({ name, content }) => [name, content.split("\n")]))
  const seen = new Map<string, number>()
  const mutants = result.mutants.map(({ id, fileName: file, location, mutatorName: mutator, replacement = "" }) => {
    const text = lines.get(file) ?? []
    const place: Place = { start: { ...location.start }, end: { ...location.end } }
    const original = textAt(text, place)
    const same = [file, mutator, original, replacement, text[place.start.line]].join("\0")
    const before = seen.get(same) ?? 0
    seen.set(same, before + 1)
    const key = toHex(hash(`${same}\0${before}`))
    return {
      key,
      id,
      file,
      line: place.start.line + 1,
      column: place.start.column + 1,
      mutator,
      original,
      replacement,
      place
    }
  })
  return { files: result.files.map(({ name, content }) => ({ name, content })), mutants }
}

interface Part {
  readonly node: { readonly type: string; readonly loc?: Place | null }
}

/** Leaves alone what has no wanted place in it: a wanted function would otherwise get a switch for each of its expressions, and be slow. */
function emptyParts(sources: ReadonlyArray<Source>) {
  // The instrumenter takes one file after the other, and does not tell which.
  let file = -1
  return {
    shouldIgnore: ({ node: { type, loc } }: Part) => {
      if (type === "Program") file++
      const wanted = sources[file]?.mutate ?? true
      if (wanted === true || type === "Program" || loc === undefined || loc === null) return undefined
      // Lines of the parser begin at 1, those of places at 0.
      return wanted.some((place) => isWithin(place, loc, 1)) ? undefined : "has no wanted place"
    }
  }
}

function isWithin({ start, end }: Place, outer: Place, offset: number): boolean {
  const isAfterStart = start.line + offset > outer.start.line
    || (start.line + offset === outer.start.line && start.column >= outer.start.column)
  return isAfterStart
    && (end.line + offset < outer.end.line || (end.line + offset === outer.end.line && end.column <= outer.end.column))
}

/** All mutants of the folders. Those of files that are as they were come from `cache`: parsing all takes some seconds. */
export async function allMutants(root: string, cache: string): Promise<ReadonlyArray<Placed>> {
  const sources = FOLDERS.flatMap((folder) =>
    fs.readdirSync(path.join(root, folder), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".ts"))
      .map((name) => read(root, path.posix.join(folder, name.split(path.sep).join("/"))))
  ).sort((a, b) => (a.name < b.name ? -1 : 1))
  const known: Cache = fs.existsSync(cache) ? JSON.parse(fs.readFileSync(cache, "utf8")) : {}
  const digests = new Map(sources.map(({ name, content }) => [name, toHex(hash(`${VERSION}\0${content}`))]))
  const changed = sources.filter(({ name }) => known[name]?.digest !== digests.get(name))
  const fresh = Map.groupBy(
    (await instrumented(changed.map((source) => ({ ...source, mutate: true })))).mutants,
    ({ file }) => file
  )
  const list: Cache = Object.fromEntries(sources.map(({ name }) => [
    name,
    {
      digest: digests.get(name) ?? "",
      mutants: fresh.get(name) ?? (known[name]?.digest === digests.get(name) ? known[name]?.mutants ?? [] : [])
    }
  ]))
  if (changed.length > 0) {
    fs.mkdirSync(path.dirname(cache), { recursive: true })
    fs.writeFileSync(cache, JSON.stringify(list))
  }
  return Object.values(list).flatMap(({ mutants }) => mutants)
}

/** Raised when this file makes other mutants or keys of the same source. */
const VERSION = 1

type Cache = Record<string, { readonly digest: string; readonly mutants: ReadonlyArray<Placed> }>

/** The files of some mutants, with switches for these, and for what else lies inside of their places. */
export async function switchable(root: string, chosen: ReadonlyArray<Placed>): Promise<Instrumented> {
  const byFile = Map.groupBy(chosen, ({ file }) => file)
  const sources = [...byFile].map(([name, mutants]) => ({ ...read(root, name), mutate: mutants.map(({ place }) => place) }))
  const { files, mutants } = await instrumented(sources)
  const ids = new Map(mutants.map((mutant) => [sameness(mutant), mutant.id]))
  return { files, mutants: chosen.map((mutant) => ({ ...mutant, id: ids.get(sameness(mutant)) ?? lost(mutant) })) }
}

function lost({ file, line }: Placed): never {
  throw new Error(`the instrumenter did not make a mutant of ${file}:${line} again; were the sources edited meanwhile?`)
}

const sameness = ({ file, mutator, place: { start, end }, replacement }: Placed) =>
  [file, mutator, start.line, start.column, end.line, end.column, replacement].join("\0")

const read = (root: string, name: string) => ({ name, content: fs.readFileSync(path.join(root, name), "utf8") })

function textAt(lines: ReadonlyArray<string>, { start, end }: Place): string {
  if (start.line === end.line) return lines[start.line]?.slice(start.column, end.column) ?? ""
  return [
    lines[start.line]?.slice(start.column),
    ...lines.slice(start.line + 1, end.line),
    lines[end.line]?.slice(0, end.column)
  ].join("\n")
}
