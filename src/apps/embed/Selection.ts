/** A choice without a connection, and what a program may report of it. */
export interface Selection {
  /** The name of the upstream. */
  readonly upstream: string
  /** The label of the candidate, such as `web#2`; null: the address is no candidate. */
  readonly candidate: string | null
  /**
   * The address to dial, in full. It is a host name where the system's resolver is the last resort. null: no address is known,
   * or none has proven its identity where candidates have to. `connect` asks for that proof as it dials.
   */
  readonly address: { readonly host: string; readonly port: number } | null
  /** Why this candidate. `unranked`: the last resort chose. */
  readonly why: "only" | "cheapest" | "balanced" | "unranked"
  /** The rung of the ladder that serves the upstream. `active`: its set. */
  readonly state: "active" | "stale" | "fallback" | "system" | "unranked" | "disabled"
  /** Warm sockets of the candidate. `connect` would take one. */
  readonly warm: number
}

/** After the connection was made. Times are in ms. Counts of bytes are 0 by default. */
interface Connected {
  readonly connectMs: number
  readonly bytesUp?: number
  readonly bytesDown?: number
}

/**
 * What the program saw. A word alone: the connection failed. An object: the connection was made after `connectMs`, the program
 * sent something, and then
 * - `ok`: the first byte came `firstByteMs` after the first byte was sent;
 * - `reset`, `closed`, `stalled`: no byte came, and the connection was reset, ended in order, or was silent for too long.
 */
export type Outcome =
  | "refused"
  | "reset"
  | "timeout"
  | "unreachable"
  | (Connected & { readonly saw: "ok"; readonly firstByteMs: number })
  | (Connected & { readonly saw: "reset" | "closed" | "stalled" })

/** What the program saw of a connection of `connect`: it was of no use. */
export type SocketOutcome = "failed"
