/** Runs that once failed, replayed first whenever their law is checked, so that no fault comes back unseen. */
export interface Kept {
  readonly law: string
  readonly seed: number
  readonly path: string
}

export const seeds: ReadonlyArray<Kept> = []
