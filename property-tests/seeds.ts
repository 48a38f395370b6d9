/** Runs that once failed, replayed first whenever their law is checked: a bug that was found stays found. */
export interface Kept {
  readonly law: string
  readonly seed: number
  readonly path: string
}

export const seeds: ReadonlyArray<Kept> = []
