/** The project's sources as values, and as much reading of TypeScript as the architecture's rules need. */
import * as fs from "node:fs"
import * as path from "node:path"
import { fileURLToPath } from "node:url"

export interface Source {
  /** The path from the project's root, with slashes: `src/core/step.ts`. */
  readonly path: string
  readonly text: string
}

export const ROOT = fileURLToPath(new URL("../../", import.meta.url))

/** Every TypeScript file below a folder of the project. */
export function readSources(folder: string): ReadonlyArray<Source> {
  return fs.readdirSync(path.join(ROOT, folder), { withFileTypes: true, recursive: true })
    .filter((file) => file.isFile() && file.name.endsWith(".ts"))
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
}

/** What a file imports or exports onward, types and dynamic imports included. */
export function importsOf(source: Source): ReadonlyArray<Import> {
  const code = codeOf(source.text, "strings kept")
  const found = code.matchAll(/(?:\bfrom\s*|\bimport\s*\(?\s*)["']([^"']+)["']/g)
  return [...found].map(([, specifier = ""]) => ({
    specifier,
    target: specifier.startsWith(".")
      ? path.posix.normalize(path.posix.join(path.posix.dirname(source.path), specifier))
      : undefined
  }))
}

/**
 * The code without comments and without the contents of strings and regular expressions. The text in `${}` of a template
 * is code and stays. With "strings kept" only the comments are removed.
 */
export function codeOf(text: string, strings: "strings kept" | "strings emptied" = "strings emptied"): string {
  const keeps = strings === "strings kept"
  /** Open braces inside each template's `${}` that the reader is in. */
  const templates: Array<number> = []
  let code = ""
  let i = 0
  const skipTo = (end: number) => {
    i = end < 0 ? text.length : end
  }
  const literal = (from: number) => {
    code += keeps ? text.slice(from, i) : text[from]! + text[i - 1]!
  }
  const template = () => {
    while (i < text.length && text[i] !== "`" && !text.startsWith("${", i)) i += text[i] === "\\" ? 2 : 1
    if (text[i] === "`") code += text[i++]
    else {
      templates.push(0)
      code += "${"
      i += 2
    }
  }
  while (i < text.length) {
    const start = i
    const char = text[i] as string
    if (text.startsWith("//", i)) skipTo(text.indexOf("\n", i))
    else if (text.startsWith("/*", i)) {
      const end = text.indexOf("*/", i + 2)
      skipTo(end < 0 ? end : end + 2)
    } else if (char === '"' || char === "'" || (char === "/" && startsRegExp(code))) {
      for (i++; i < text.length && text[i] !== char && text[i] !== "\n"; i++) if (text[i] === "\\") i++
      i++
      literal(start)
    } else if (char === "`") {
      code += char
      i++
      template()
    } else if (char === "}" && templates.length > 0 && templates[templates.length - 1] === 0) {
      templates.pop()
      code += char
      i++
      template()
    } else {
      const open = templates.length - 1
      if (open >= 0 && char === "{") templates[open]!++
      if (open >= 0 && char === "}") templates[open]!--
      code += char
      i++
    }
  }
  return code
}

/** A slash begins a regular expression where no value can have ended. */
function startsRegExp(before: string): boolean {
  return /(^|[=(,:[!&|?{};+\n]|\breturn|\btypeof)\s*$/.test(before.slice(-20))
}
