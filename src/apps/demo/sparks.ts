/** Bars and curves of characters, in plain ASCII where the terminal has nothing else. */

const BLOCKS = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"]
const ASCII = ["_", ".", "-", "=", "+", "*", "#", "@"]

/**
 * One character for each value, on a scale from 0 to `most`; a blank for a value below 0. The scale is the square root: times
 * span three decades, so a linear curve would be flat.
 */
export function curve(values: ReadonlyArray<number>, most: number, unicode: boolean): string {
  const levels = unicode ? BLOCKS : ASCII
  return values.map((value) => {
    if (value < 0) return " "
    const share = Math.min(1, Math.sqrt(value / most))
    return levels[Math.min(levels.length - 1, Math.floor(share * levels.length))]
  }).join("")
}

/** A share from 0 to 1 as a bar of at most `columns`. */
export function bar(share: number, columns: number, unicode: boolean): string {
  const filled = share > 0 ? Math.max(1, Math.round(share * columns)) : 0
  return (unicode ? "█" : "#").repeat(Math.min(columns, filled))
}
