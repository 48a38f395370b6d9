/** The nearest of some names, for "did you mean". */

/** The name with the least edits, when that is at most a third of the longer word (and at least one may differ). */
export function nearest(word: string, names: ReadonlyArray<string>): string | undefined {
  let best: string | undefined
  let bestEdits = Number.POSITIVE_INFINITY
  for (const name of names) {
    const edits = editsBetween(word.toLowerCase(), name.toLowerCase())
    if (edits < bestEdits) {
      bestEdits = edits
      best = name
    }
  }
  return best !== undefined && bestEdits <= Math.max(1, Math.floor(Math.max(word.length, best.length) / 3))
    ? best
    : undefined
}

/** Levenshtein distance, one row at a time (Wagner and Fischer 1974). */
function editsBetween(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const swap = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(swap, (row[j] as number) + 1, (next[j - 1] as number) + 1))
    }
    row = next
  }
  return row[b.length] as number
}
