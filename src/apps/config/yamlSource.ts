/** YAML (and so JSON) text to plain values, with the place of everything in it. */
import type { Document } from "yaml"
import { isMap, isNode, isPair, isScalar, LineCounter, parseDocument, visit } from "yaml"
import type { Found, Path, Problem } from "./Problem.ts"

export interface Place {
  readonly line: number | undefined
  readonly column: number | undefined
}

export interface YamlSource {
  /** undefined when the text is no YAML. */
  readonly value: unknown
  /** Mistakes of YAML itself, after which nothing else can be said. */
  readonly broken: ReadonlyArray<Problem>
  /** Keys written twice. */
  readonly repeated: ReadonlyArray<Found>
  readonly warnings: ReadonlyArray<Problem>
  /** Where a key (for a list its element, for a missing key its parent) stands. */
  readonly placeOf: (path: Path) => Place
}

/** Aliases can blow a small file up to gigabytes; a configuration needs a handful. */
const MOST_ALIASES = 100

export function readYaml(text: string): YamlSource {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: false })
  const placeOf = (path: Path) => place(document, lines, path)
  const told = ({ message, linePos }: (typeof document.errors)[number]): Problem => ({
    line: linePos?.[0].line,
    column: linePos?.[0].col,
    path: "",
    value: undefined,
    expected: "YAML or JSON",
    message: `${withoutSource(message)}${hint(text, linePos?.[0].line)}`,
    nearest: undefined
  })
  const unresolved = danglingAliases(document, lines)
  const source = { repeated: repeatedKeys(document, lines), warnings: document.warnings.map(told), placeOf }
  const broken = [...document.errors.map(told), ...unresolved]
  if (broken.length > 0) return { ...source, value: undefined, broken }
  try {
    return { ...source, value: document.toJS({ maxAliasCount: MOST_ALIASES }) ?? {}, broken: [] }
  } catch {
    const message = `too many aliases: at most ${MOST_ALIASES} values may come from them`
    const problem = { ...placeOf([]), path: "", value: undefined, expected: "fewer aliases", message, nearest: undefined }
    return { ...source, value: undefined, broken: [problem] }
  }
}

/** What the text itself says after a colon may be a secret. */
function withoutSource(message: string): string {
  const line = message.split("\n")[0] ?? message
  return line.replace(/ at line \d+, column \d+:?$/, "").replace(/: .*$/, "")
}

/** A password that begins with a star looks like one of these. */
function danglingAliases(document: Document, lines: LineCounter): ReadonlyArray<Problem> {
  const found: Array<Problem> = []
  visit(document, {
    Alias(_key, alias) {
      if (alias.resolve(document) !== undefined) return
      const { line, col } = lines.linePos(alias.range?.[0] ?? 0)
      const message = "is an alias without an anchor before it: a text that begins with * has to be in quotes"
      found.push({ line, column: col, path: "", value: undefined, expected: "a value", message, nearest: undefined })
    }
  })
  return found
}

/** The one mistake of YAML that this program itself invites. */
function hint(text: string, line: number | undefined): string {
  const at = line === undefined ? "" : text.split("\n")[line - 1] ?? ""
  return /[:,[]\s*\$\{/.test(at) && /[{[].*\$\{/.test(at) ? '; inside { } and [ ] write "${NAME}" in quotes' : ""
}

function repeatedKeys(document: Document, lines: LineCounter): ReadonlyArray<Found> {
  const found: Array<Found> = []
  visit(document, {
    Map(_key, map, ancestors) {
      const first = new Map<string, number | undefined>()
      for (const { key } of map.items) {
        if (!isScalar(key)) continue
        const name = String(key.value)
        const start = key.range?.[0]
        if (!first.has(name)) {
          first.set(name, start)
          continue
        }
        const line = lines.linePos(first.get(name) ?? 0).line
        const again = start === undefined ? "" : ` on line ${lines.linePos(start).line}`
        const message = `is written again${again}, first on line ${line}: keep one of them`
        found.push({ path: [...pathOf(ancestors), name], expected: "one value", message })
      }
    }
  })
  return found
}

/** The path of what stands below these ancestors. */
function pathOf(ancestors: ReadonlyArray<unknown>): Path {
  return ancestors.flatMap((node, i): Path => {
    const child = ancestors[i + 1]
    if (isPair(node)) return [isScalar(node.key) ? String(node.key.value) : String(node.key)]
    if (isNode(node) && "items" in node && !isMap(node)) return [(node.items as Array<unknown>).indexOf(child)]
    return []
  })
}

function place(document: Document, lines: LineCounter, path: Path): Place {
  for (let depth = path.length; depth >= 0; depth--) {
    const parent = depth === 0 ? undefined : document.getIn(path.slice(0, depth - 1), true)
    // Of a key that is written twice, the last one counts.
    const pair = isMap(parent)
      ? parent.items.findLast((item) => isPair(item) && keyName(item.key) === String(path[depth - 1]))
      : undefined
    const node = document.getIn(path.slice(0, depth), true)
    const start = (isNode(pair?.key) ? pair.key.range?.[0] : undefined) ?? (isNode(node) ? node.range?.[0] : undefined)
    if (start === undefined) continue
    const { line, col } = lines.linePos(start)
    return { line, column: col }
  }
  return { line: undefined, column: undefined }
}

function keyName(key: unknown): string {
  return isScalar(key) ? String(key.value) : String(key)
}
