/** What a run leaves to the next one: which addresses answered, how fast, and when. Moments are wall time in ms since 1970. */
import type { Source } from "./Source.ts"

export interface HistoryRecord {
  /** Host of the upstream; empty: it has none. */
  readonly host: string
  /** Name of the upstream, where it has no host. */
  readonly upstream?: string
  /** Port of the address. */
  readonly port: number
  /** An IP literal in canonical form. */
  readonly address: string
  /** Sources that named the address when the record was written; empty: none did any more. */
  readonly sources: ReadonlyArray<Source>
  readonly latencyMs: number
  readonly measuredMs: number
  /** From this moment on the record is worth nothing. */
  readonly expiresMs: number
  /** The network that the address was measured from, where it is known. */
  readonly network?: string
}

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
