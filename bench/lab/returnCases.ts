/** Which configurations `bench:return` puts into which troubles, and which of these run at the same time. */
import type { Case } from "./returnBatch.ts"
import type { Spare } from "./setups.ts"
import { isPlain, setupName, setups } from "./setups.ts"
import type { Trouble } from "./trouble.ts"
import { endsS, troubleName, troubles, watchS } from "./trouble.ts"

export interface Wanted {
  readonly fault: string | undefined
  readonly lengthS: number | undefined
  /** Matches "TROUBLE | CONFIGURATION". */
  readonly only: RegExp
  readonly spares: ReadonlyArray<Spare>
  readonly isQuick: boolean
}

const QUICK_LENGTH_S = 30

export const caseName = ({ trouble, setup }: Case) => `${troubleName(trouble)} | ${setupName(setup)}`

/** All configurations where all addresses fail; the plain ones, with a set of one and of three, in all other troubles. */
export function casesOf({ fault, lengthS, only, spares, isQuick }: Wanted): ReadonlyArray<Case> {
  const isWanted = (trouble: Trouble) =>
    (fault ?? trouble.fault) === trouble.fault
    && (lengthS ?? (isQuick ? QUICK_LENGTH_S : trouble.lengthS)) === trouble.lengthS
    && (!isQuick || trouble.kind === "all")
  const cases = troubles().filter(isWanted).flatMap((trouble) =>
    setups(spares)
      .filter((setup) => isPlain(setup) || (trouble.kind === "all" && !isQuick))
      .map((setup): Case => ({ trouble, setup }))
  )
  return cases.filter((one) => only.test(caseName(one)))
}

/** Troubles of about the same length run at the same time. */
export function batchesOf(
  cases: ReadonlyArray<Case>,
  atOnce: number,
  leastWatchS: number
): ReadonlyArray<ReadonlyArray<Case>> {
  const sorted = cases.toSorted((a, b) => lastsS(a, leastWatchS) - lastsS(b, leastWatchS))
  return Array.from({ length: Math.ceil(sorted.length / atOnce) }, (_, i) => sorted.slice(i * atOnce, (i + 1) * atOnce))
}

/** From the first failure to the end of the watch. */
export function lastsS({ trouble }: Case, leastWatchS: number): number {
  return endsS(trouble) + watchS(trouble, leastWatchS)
}
