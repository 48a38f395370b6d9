/** What a run leaves to the next one: that an address answered, how fast, and when. Moments are wall time in ms since 1970. */
import type { Source } from "./Source.ts"

export interface HistoryRecord {
  /** The domain; empty where the upstream has none. */
  readonly host: string
  /** The upstream's name, where it has no domain. */
  readonly upstream?: string
  /** Of the address. */
  readonly port: number
  /** An IP literal in canonical form. */
  readonly address: string
  /** Who named it then; empty: nobody any more. */
  readonly sources: ReadonlyArray<Source>
  readonly latencyMs: number
  readonly measuredMs: number
  /** From then on it says nothing. */
  readonly expiresMs: number
  /** Which network it was measured from, where that is known. */
  readonly network?: string
}

/** What a record promises of a candidate, until it is measured. */
export interface Prior {
  readonly latencyMs: number
  /** Until when it may serve, and until when history names the candidate. */
  readonly servesMs: number
  readonly expiresMs: number
}

/** Records of earlier runs, and of upstreams that are gone, the latest measured first. */
export interface Remembered {
  readonly records: ReadonlyArray<HistoryRecord>
  /** Where this machine is now; empty: nobody knows. */
  readonly network: string
  /** Wall time when they were loaded, and when that was, in µs of the monotonic clock. */
  readonly wallMs: number
  readonly atUs: number
}
