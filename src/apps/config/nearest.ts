/** The nearest of some names, for "did you mean". */

/** The name with the fewest edits; undefined: they are more than a third of the longer word, and more than one. */
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

/** Edits between two words, with swapped neighbours as one edit (optimal string alignment), two rows at a time. */
function editsBetween(a: string, b: string): number {
  let above: Array<number> = []
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1)
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      const swap = swapped ? (above[j - 2] as number) + 1 : change
      next.push(Math.min(change, swap, (row[j] as number) + 1, (next[j - 1] as number) + 1))
    }
    above = row
    row = next
  }
  return row[b.length] as number
}
