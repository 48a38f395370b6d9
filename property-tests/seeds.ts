/** Runs that once failed, replayed first whenever their law is checked: a bug that was found stays found. */
export interface Kept {
  readonly law: string
  readonly seed: number
  readonly path: string
}

export const seeds: ReadonlyArray<Kept> = [
  // A cost that stayed at its floor of 0 hid a new latency from the routes.
  { law: "no invariant is broken after any entry", seed: -952255377, path: "30" }
]
