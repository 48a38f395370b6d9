/**
 * What the package exports. This list is the one place for it.
 *
 * To add an entry, add its line here and run `node tools/entries.ts`. That writes the exports of package.json and deno.json. (A
 * test compares them.) An entry is left out as long as its source is missing.
 */
import { existsSync, readFileSync } from "node:fs"
import * as path from "node:path"
import { fileURLToPath } from "node:url"

export const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..")

export interface Entry {
  /** As a program imports it. */
  readonly specifier: string
  /** As in `exports`. */
  readonly subpath: string
  /** From the project's root. */
  readonly source: string
  /** Without an extension, below `dist`. */
  readonly built: string
}

const SOURCES: Readonly<Record<string, string>> = {
  ".": "src/mod.ts",
  "./core": "src/core/mod.ts",
  "./effect": "src/effect.ts",
  "./http": "src/http.ts",
  "./undici": "src/undici.ts",
  "./edge": "src/edge.ts"
}

/** The entries that have a source. */
export const ENTRIES: ReadonlyArray<Entry> = Object.entries(SOURCES)
  .filter(([, source]) => existsSync(path.join(ROOT, source)))
  .map(([subpath, source]) => ({
    specifier: path.posix.join("fairlead", subpath),
    subpath,
    source,
    built: source.replace(/^src\/(.*)\.ts$/, "$1")
  }))

const each = <A>(value: (entry: Entry) => A, key: "subpath" | "specifier" = "subpath"): Record<string, A> =>
  Object.fromEntries(ENTRIES.map((entry) => [entry[key], value(entry)]))

/** The files that follow from the list, with the text that they should have. */
export function manifests(): ReadonlyArray<readonly [file: string, text: string]> {
  const read = (file: string) => JSON.parse(readFileSync(path.join(ROOT, file), "utf8"))
  const text = (value: unknown) => `${JSON.stringify(value, undefined, 2)}\n`
  const manifest = read("package.json")
  const exports = {
    ...each(({ built }) => ({ types: `./dist/${built}.d.ts`, default: `./dist/${built}.js` })),
    "./package.json": "./package.json"
  }
  const deno = {
    ...read("deno.json"),
    version: manifest.version,
    exports: each(({ source }) => `./${source}`),
    imports: each(({ source }) => `./${source}`, "specifier")
  }
  return [["package.json", text({ ...manifest, exports })], ["deno.json", text(deno)]]
}

/** The files that differ from the list. */
export const outdated = () => manifests().filter(([file, text]) => readFileSync(path.join(ROOT, file), "utf8") !== text)
