/** Colours of candidates: each label keeps its own as long as it is shown. */
import { colour } from "./colours.ts"

const COLOURS = 6

export const lineColour = (number: number): string => colour(`--line-${(number % COLOURS) + 1}`)

/** The number in a label: `web#3` has 3, so it keeps its colour whatever else is shown. */
export function numbered(labels: ReadonlyArray<string>): ReadonlyMap<string, number> {
  return new Map(labels.map((label) => [label, Number(/\d+$/.exec(label)?.[0] ?? 1) - 1]))
}
