/** The project's sources as values, and as much reading of TypeScript as the architecture's rules need. */
import * as fs from "node:fs"
import * as path from "node:path"
import { fileURLToPath } from "node:url"
import { piecesOf } from "./pieces.ts"

export interface Source {
  /** The path from the project's root, with slashes: `src/core/step.ts`. */
  readonly path: string
  readonly text: string
}

export const ROOT = fileURLToPath(new URL("../../", import.meta.url))

/** Every TypeScript file below a folder of the project. */
export function readSources(folder: string): ReadonlyArray<Source> {
  return fs.readdirSync(path.join(ROOT, folder), { withFileTypes: true, recursive: true })
    .filter((file) => file.isFile() && /\.tsx?$/.test(file.name))
    .map((file) => {
      const absolute = path.join(file.parentPath, file.name)
      return {
        path: path.relative(ROOT, absolute).split(path.sep).join("/"),
        text: fs.readFileSync(absolute, "utf8")
      }
    })
    .sort((a, b) => (a.path < b.path ? -1 : 1))
}

export interface Import {
  /** As written: `../model/State.ts`, `effect/Schema`, `node:net`. */
  readonly specifier: string
  /** The project's path of the imported file; undefined for packages. */
  readonly target: string | undefined
  /** Whether the whole statement is for types, which are gone when the code runs. */
  readonly isType: boolean
}

// Many rules read the same files again and again.
const known = { imports: new WeakMap<Source, ReadonlyArray<Import>>(), code: new Map<string, string>() }

/** What a file imports or exports onward, types and dynamic imports included. */
export function importsOf(source: Source): ReadonlyArray<Import> {
  const imports = known.imports.get(source) ?? importsIn(source)
  known.imports.set(source, imports)
  return imports
}

function importsIn(source: Source): ReadonlyArray<Import> {
  const code = codeOf(source.text, "strings kept")
  const found = code.matchAll(/(?:\bfrom\s*|\bimport\s*\(?\s*)["']([^"']+)["']/g)
  return [...found].map(({ 0: text, 1: specifier = "", index }) => ({
    specifier,
    target: specifier.startsWith(".")
      ? path.posix.normalize(path.posix.join(path.posix.dirname(source.path), specifier))
      : undefined,
    isType: text.startsWith("from") && startsWithType(code, index)
  }))
}

/** Whether the statement that ends at `index` is an `import type` or `export type`. */
function startsWithType(code: string, index: number): boolean {
  const start = Math.max(code.lastIndexOf("import ", index), code.lastIndexOf("export ", index))
  return start >= 0 && /^\w+ type\b/.test(code.slice(start, index))
}

/**
 * The code without comments and without the contents of strings and regular expressions. The text in `${}` of a template
 * is code and stays. With "strings kept" only the comments are removed.
 */
export function codeOf(text: string, strings: "strings kept" | "strings emptied" = "strings emptied"): string {
  const key = `${strings} ${text}`
  const code = known.code.get(key) ?? codeIn(text, strings)
  known.code.set(key, code)
  return code
}

function codeIn(text: string, strings: "strings kept" | "strings emptied"): string {
  return piecesOf(text).map(({ kind, text }) => {
    if (kind === "comment" || kind === "template") return ""
    return kind === "code" || strings === "strings kept" ? text : text[0]! + text.at(-1)!
  }).join("")
}
