/** What the view shows at one moment: plain data. */
import type { Figures } from "./Tally.ts"

export interface AddressRow {
  readonly label: string
  /** The truth of the script: `20 ms`, `dark`, `refuses`, `resets`. */
  readonly truth: string
  readonly state: AddressState
  /** -1 in the next six: not known. */
  readonly costMs: number
  readonly score: number
  readonly latencyMs: number
  readonly jitterMs: number
  /** From 0 to 1. */
  readonly successRate: number
  /** The share of the forwarder's clients that it served lately, from 0 to 1. */
  readonly share: number
  readonly plainShare: number
  readonly warm: number
  readonly connections: number
  /** Its cost over the last while, oldest first; -1 where unknown. */
  readonly costs: ReadonlyArray<number>
}

export type AddressState =
  | "unmeasured"
  | "first choice"
  | "in the set"
  | "spare"
  | "ramping up"
  | "suspect"
  | "shut out"
  | "trial"

export interface Side {
  readonly name: string
  /** Of the last `recentMs`, and since the start. */
  readonly recent: Figures
  readonly total: Figures
  /** The slowest first byte of each second or so, oldest first; -1 where nobody was served. */
  readonly slowest: ReadonlyArray<number>
}

export interface StoryLine {
  readonly atMs: number
  /** What the script did, or what the service made of it. */
  readonly who: "world" | "fairlead"
  readonly text: string
}

export interface Frame {
  readonly atMs: number
  readonly durationMs: number
  readonly recentMs: number
  readonly clientsPerSecond: number
  readonly rows: ReadonlyArray<AddressRow>
  readonly fairlead: Side
  readonly plain: Side
  /** The share of Fairlead's clients that were given a warm socket, from 0 to 1; -1 before the first. */
  readonly hitShare: number
  /** How often the first choice changed. */
  readonly switches: number
  readonly story: ReadonlyArray<StoryLine>
}
