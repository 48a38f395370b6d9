/** The content of the view at one moment: plain data. */
import type { Figures } from "./Tally.ts"

export interface AddressRow {
  readonly label: string
  /** The address in the script: `20 ms`, `dark`, `refuses`, `resets`. */
  readonly truth: string
  readonly state: AddressState
  /** In the next six fields -1 means not known. */
  readonly costMs: number
  readonly score: number
  readonly latencyMs: number
  readonly jitterMs: number
  /** From 0 to 1. */
  readonly successRate: number
  /** Share of the forwarder's clients that the address served lately, from 0 to 1. */
  readonly share: number
  readonly plainShare: number
  readonly warm: number
  readonly connections: number
  /** Its cost over the last while, the oldest first; -1: not known. */
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
  /** The slowest first byte of each second or so, the oldest first; -1: no client was served. */
  readonly slowest: ReadonlyArray<number>
}

export interface StoryLine {
  readonly atMs: number
  /** `world`: an event of the script. `fairlead`: the service's reaction. */
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
  /** Share of Fairlead's clients that got a warm socket, from 0 to 1; -1 before the first client. */
  readonly hitShare: number
  /** Changes of the first choice. */
  readonly switches: number
  readonly story: ReadonlyArray<StoryLine>
}
