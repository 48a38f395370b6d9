/** Turns YAML text (JSON included) into plain values, with the location of each. */
import type { Document } from "yaml"
import { isMap, isNode, isPair, isScalar, LineCounter, parseDocument, visit } from "yaml"
import type { Found, Path, Problem } from "./Problem.ts"
import { aliasMistakes } from "./yamlMerges.ts"
import { cautionsOf, mistakesOf } from "./yamlMistakes.ts"
import type { Location } from "./yamlLocations.ts"
import { keyName, locationIn, targetsOf } from "./yamlLocations.ts"

export interface YamlSource {
  /** undefined: the text is no YAML. */
  readonly value: unknown
  /** Mistakes of YAML itself. After them no other check makes sense. */
  readonly broken: ReadonlyArray<Problem>
  /** Keys that are written twice. */
  readonly repeated: ReadonlyArray<Found>
  readonly warnings: ReadonlyArray<Problem>
  /** The location of a key. For a list: of its element; for an absent key: of its parent. */
  readonly locationOf: (path: Path) => Location
}

export function readYaml(text: string): YamlSource {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: false, merge: true })
  const targets = targetsOf(document)
  const source = {
    repeated: repeatedKeys(document, lines),
    warnings: cautionsOf(document, lines, text),
    locationOf: (path: Path) => locationIn(document, targets, lines, path)
  }
  const mistakes = mistakesOf(document, lines, text)
  const broken = mistakes.length > 0 ? mistakes : aliasMistakes(document, targets, lines)
  if (broken.length > 0) return { ...source, value: undefined, broken }
  // The number of values from aliases has been checked before.
  return { ...source, value: document.toJS({ maxAliasCount: -1 }) ?? {}, broken: [] }
}

function repeatedKeys(document: Document, lines: LineCounter): ReadonlyArray<Found> {
  const found: Array<Found> = []
  visit(document, {
    Map(_key, map, ancestors) {
      const first = new Map<string, number | undefined>()
      for (const { key } of map.items) {
        if (!isScalar(key)) continue
        const name = keyName(key)
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

/** The path of a value below these ancestors. */
function pathOf(ancestors: ReadonlyArray<unknown>): Path {
  return ancestors.flatMap((node, i): Path => {
    const child = ancestors[i + 1]
    if (isPair(node)) return [keyName(node.key)]
    if (isNode(node) && "items" in node && !isMap(node)) return [(node.items as Array<unknown>).indexOf(child)]
    return []
  })
}
