/** Whether two plain records, as JSON knows them, hold the same; the order of their keys does not count. */
export function same(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false
  const ours = Object.entries(a)
  return ours.length === Object.keys(b).length && ours.every(([key, one]) => same(one, (b as Record<string, unknown>)[key]))
}
