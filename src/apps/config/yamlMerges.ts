/**
 * Aliases (`*base`) and merge keys (`<<: *base`) that cannot be followed: they lead nowhere, or bring in far too many values.
 */
import type { Document, LineCounter } from "yaml"
import { isAlias, isCollection, isMap, isPair, isScalar, visit } from "yaml"
import type { Problem } from "./Problem.ts"
import type { Targets } from "./yamlLocations.ts"
import { isMergeKey, mergedBy } from "./yamlLocations.ts"

/** Many times what a large configuration has, and few enough to be read in a second. */
const MOST_BROUGHT = 250_000

const DANGLING = "is an alias without an anchor before it: a text that begins with * has to be in quotes"
const NO_SECTION = "<< brings in the keys of a section: give it the alias of a section (*name), or a list of aliases"
const TOO_MUCH = `aliases and merge keys bring in more than ${MOST_BROUGHT} values: take some of them out`

export function aliasMistakes(document: Document, targets: Targets, lines: LineCounter): ReadonlyArray<Problem> {
  const found: Array<Problem> = []
  const add = (at: number, expected: string, message: string) => {
    const { line, col } = lines.linePos(at)
    found.push({ line, column: col, path: "", value: undefined, expected, message, nearest: undefined })
  }
  visit(document, {
    // A password that begins with a star looks like an alias.
    Alias(_key, alias) {
      if (targets.get(alias) === undefined) add(alias.range?.[0] ?? 0, "a value", DANGLING)
    },
    Pair(_key, pair) {
      if (!isMergeKey(pair.key) || mergedBy(targets, pair).every((source) => source === undefined || isMap(source))) return
      add((isScalar(pair.key) ? pair.key.range?.[0] : undefined) ?? 0, "a section", NO_SECTION)
    }
  })
  if (found.length === 0 && broughtIn(document, targets) > MOST_BROUGHT) add(0, "fewer values", TOO_MUCH)
  return found
}

interface Size {
  /** Values, including those that are brought in. */
  readonly all: number
  readonly brought: number
}

const ONE: Size = { all: 1, brought: 0 }
/** Stands for a value that is still being counted: it contains itself. */
const ENDLESS: Size = { all: Number.POSITIVE_INFINITY, brought: 0 }

/** Number of values that aliases and merge keys bring in altogether; infinite where one brings in itself. */
function broughtIn(document: Document, targets: Targets): number {
  const known = new Map<unknown, Size>()
  const sizeOf = (node: unknown): Size => {
    const before = known.get(node)
    if (before !== undefined) return before
    if (isAlias(node)) {
      const { all } = sizeOf(targets.get(node))
      return { all, brought: all }
    }
    if (!isCollection(node)) return ONE
    known.set(node, ENDLESS)
    const sizes = node.items.flatMap((item): ReadonlyArray<Size> => {
      if (!isPair(item)) return [sizeOf(item)]
      if (!isMergeKey(item.key)) return [sizeOf(item.value)]
      return mergedBy(targets, item).map((source) => ({ all: sizeOf(source).all, brought: sizeOf(source).all }))
    })
    const size = {
      all: sizes.reduce((sum, { all }) => sum + all, 1),
      brought: sizes.reduce((sum, { brought }) => sum + brought, 0)
    }
    known.set(node, size)
    return size
  }
  return sizeOf(document.contents).brought
}
