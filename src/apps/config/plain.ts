/** Reads and writes plain values as they come out of YAML. */
import type { Path } from "./Problem.ts"

export type Plain = Record<string, unknown>

export function isPlain(value: unknown): value is Plain {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}

/** Own keys alone: a file may have a key `constructor`. */
export function valueAt(root: unknown, path: Path): unknown {
  let node = root
  for (const step of path) {
    if (typeof node !== "object" || node === null || !Object.hasOwn(node, step)) return undefined
    node = (node as Record<string | number, unknown>)[step]
  }
  return node
}

/** Changes the value in place; undefined removes a key. Nothing happens where there is no parent. */
export function setAt(root: unknown, path: Path, value: unknown): void {
  const parent = valueAt(root, path.slice(0, -1))
  const last = path.at(-1)
  if (typeof parent !== "object" || parent === null || last === undefined) return
  const holder = parent as Record<string | number, unknown>
  if (value === undefined) delete holder[last]
  else put(holder, last, value)
}

/** Writes a key of any name as an own key, `__proto__` included. */
export function put(holder: object, key: string | number, value: unknown): void {
  Object.defineProperty(holder, key, { value, writable: true, enumerable: true, configurable: true })
}
