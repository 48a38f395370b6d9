/** What earlier runs measured: which addresses answered, how fast, and when. A record follows from its schema (schema/History.ts). */
import type { HistoryRecord } from "../schema/History.ts"

export type { HistoryRecord } from "../schema/History.ts"

/** What a record says about a candidate until the candidate is measured. */
export interface Prior {
  readonly latencyMs: number
  /** Until when the candidate may serve. */
  readonly servesMs: number
  /** Until when history names the candidate. */
  readonly expiresMs: number
}

/** Records of earlier runs and of upstreams that are gone, the latest measurement first. */
export interface Remembered {
  readonly records: ReadonlyArray<HistoryRecord>
  /** The network that this machine is in now; empty: not known. */
  readonly network: string
  /** When the records were loaded: wall time. */
  readonly wallMs: number
  /** The same moment, in µs of the monotonic clock. */
  readonly atUs: number
}
