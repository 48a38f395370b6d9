/** Runs that once failed, replayed first whenever their law is checked: a bug that was found stays found. */
export interface Kept {
  readonly law: string
  readonly seed: number
  readonly path: string
}

export const seeds: ReadonlyArray<Kept> = [
  // A moment that had come was lost to a client that left before the tick.
  {
    law: "changes nothing but the one candidate's count when a client leaves of whom there is nothing else to tell",
    seed: -1706720854,
    path:
      "171:0:0:0:1:1:1:1:1:1:1:1:1:1:1:1:1:1:1:1:1:1:1:1:1:1:1:1:1:1:1:1:1:1:1:1:1:1:1:8:7:7:7:7:7:7:7:7:7:7:11:11:13:13:13:"
      + "14:14:14:14:14:14:14:14:14:14:18:20:21:20:20:21:21:20:20:20:20:20:20:20:21:20:20:23:23:23:23:23:23:23:23:28:44:44:44:44:"
      + "44:44:44:44"
  }
]
