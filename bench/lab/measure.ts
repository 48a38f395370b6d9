/** Figures of what clients saw. */
import type { Seen } from "./clients.ts"

/** The value below which `share` of them lie (nearest rank). */
export function quantile(values: ReadonlyArray<number>, share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN
}

export const served = (seen: ReadonlyArray<Seen>): ReadonlyArray<number> =>
  seen.filter(({ failure }) => failure === "").map(({ firstByteMs }) => firstByteMs)

export const shareOn = (seen: ReadonlyArray<Seen>, host: string): number =>
  seen.filter(({ by }) => by === host).length / seen.length
