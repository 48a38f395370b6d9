/** What is known of HTTP connections that clients keep: how long each upstream lets them be idle, as Fairlead has learned it. */

/**
 * - `closed`: the server ended a connection that had been idle for so long.
 * - `dead`: a request met its end before any byte of an answer.
 * - `alive`: it was still open after so long.
 * - `announced`: the server says that it keeps idle connections for so long (`Keep-Alive: timeout=60`).
 */
export type SawIdle = "closed" | "dead" | "alive" | "announced"

/** The host and the port, or the name, are those that `connect` takes. */
export interface KeptConnections {
  /**
   * For how long a connection may have been idle to take another request, in ms; undefined: it has no upstream yet. It is
   * learned for each upstream, and kept in history.
   */
  limitMs(host: string, port?: number): number | undefined
  /** Whether new connections may go to the candidate with this label (`web#2`) now; null: to an address that is none. */
  isServing(host: string, port: number | undefined, candidate: string | null): boolean
  /** Whether the candidate with this label is shut out: a connection that is kept to it must take no request. */
  isShut(host: string, port: number | undefined, candidate: string | null): boolean
  /**
   * Names the rules for TLS that are in force now: pins, stages, authorities. "": there are none beyond the usual ones. A connection
   * that was opened under others, before a reload, must take no request.
   */
  rules(host: string, port?: number): string
  /**
   * Reports what was seen of an idle connection. `outlived`: how many were used again after at least as long, since the last end
   * that was reported. false: it does not count, for Fairlead has no room for it or no such upstream.
   */
  report(host: string, port: number | undefined, saw: SawIdle, idleMs: number, outlived?: number): boolean
}
