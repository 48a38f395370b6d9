/**
 * The location of a value in a file, by its path. It leads through aliases and merge keys, because a mistake is mended where it
 * is written.
 */
import type { Document, LineCounter, Node, Pair, YAMLMap } from "yaml"
import { isAlias, isMap, isNode, isScalar, isSeq, visit } from "yaml"
import type { Path } from "./Problem.ts"

export interface Location {
  readonly line: number | undefined
  readonly column: number | undefined
}

/** The location of the key, or of the element of a list. Where that is absent: of its parent. */
export function locationIn(document: Document, targets: Targets, lines: LineCounter, path: Path): Location {
  let node: unknown = document.contents
  let start = startOf(node)
  for (const step of path) {
    const whole = target(targets, node)
    const pair = isMap(whole) ? pairOf(targets, whole, String(step)) : undefined
    node = isSeq(whole) ? whole.items[Number(step)] : pair?.value
    const found = startOf(pair?.key) ?? startOf(node)
    if (found === undefined) break
    start = found
  }
  if (start === undefined) return { line: undefined, column: undefined }
  const { line, col } = lines.linePos(start)
  return { line, column: col }
}

function startOf(node: unknown): number | undefined {
  return isNode(node) ? node.range?.[0] : undefined
}

/** What each alias stands for, where it stands for something. */
export type Targets = ReadonlyMap<unknown, Node>

/** The library would search the whole file for each alias. */
export function targetsOf(document: Document): Targets {
  const anchors = new Map<string, Node>()
  const targets = new Map<unknown, Node>()
  visit(document, {
    Node(_key, node) {
      const found = isAlias(node) ? anchors.get(node.source) : undefined
      if (found !== undefined) targets.set(node, found)
      else if (!isAlias(node) && node.anchor !== undefined) anchors.set(node.anchor, node)
    }
  })
  return targets
}

function target(targets: Targets, node: unknown): unknown {
  return isAlias(node) ? targets.get(node) : node
}

/** The key as it is written. The library makes a symbol of a merge key. */
export function keyName(key: unknown): string {
  if (!isScalar(key)) return String(key)
  return typeof key.value === "symbol" ? key.value.description ?? "" : String(key.value)
}

export function isMergeKey(key: unknown): boolean {
  return isScalar(key) && typeof key.value === "symbol"
}

/** What a merge key brings in, in order. */
export function mergedBy(targets: Targets, { value }: Pair): ReadonlyArray<unknown> {
  const whole = target(targets, value)
  return isSeq(whole) ? whole.items.map((item) => target(targets, item)) : [whole]
}

function pairOf(targets: Targets, map: YAMLMap, name: string, depth = 0): Pair<Node> | undefined {
  // Of a key that is written twice the last one counts.
  const own = map.items.findLast(({ key }) => !isMergeKey(key) && keyName(key) === name)
  if (own !== undefined || depth > MOST_DEPTH) return own as Pair<Node> | undefined
  for (const pair of map.items.filter(({ key }) => isMergeKey(key))) {
    for (const source of mergedBy(targets, pair)) {
      const found = isMap(source) ? pairOf(targets, source, name, depth + 1) : undefined
      if (found !== undefined) return found
    }
  }
  return undefined
}

/** Merge keys inside what they bring in. One that brings in itself ends here. */
const MOST_DEPTH = 16
