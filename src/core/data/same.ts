/** Whether two plain records, as JSON knows them, hold the same; the order of their keys does not count. */
export function same(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false
  const theirs = b as Record<string, unknown>
  let surplus = Object.keys(b).length
  for (const key in a) {
    if (!same((a as Record<string, unknown>)[key], theirs[key])) return false
    surplus--
  }
  return surplus === 0
}
