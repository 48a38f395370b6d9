/** Whether two values of JSON are equal. The order of keys does not count. */
export function same(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false
  // Lists are compared by index: Object.keys would make texts of their indexes.
  if (Array.isArray(a)) return Array.isArray(b) && a.length === b.length && a.every((one, i) => same(one, b[i]))
  const [mine, theirs] = [a as Record<string, unknown>, b as Record<string, unknown>]
  const keys = Object.keys(mine)
  return keys.length === Object.keys(theirs).length && keys.every((key) => same(mine[key], theirs[key]))
}
