/** What HTTP clients need of Fairlead: connections, what served them, and a way to report a useless one. */
import type { Buffer } from "node:buffer"
import type * as net from "node:net"
import type * as tls from "node:tls"

/** What served a connection. */
export interface Served {
  /** The name of the upstream; `host:port` where it was found on demand. */
  readonly upstream: string
  /** The label of the candidate, such as `web#2`; null: the address is no candidate, the system's resolver gave it. */
  readonly candidate: string | null
  /** Which list names the address (the seed's `used_ip_source`); null: none, or the pool is off. */
  readonly source: string | null
  /** The measured latency of a handshake, in ms (the seed's `used_ip_latency_ms`); null: not measured, or the pool is off. */
  readonly latencyMs: number | null
  /** The rung of the ladder that the address stands on (the seed's `ipSelectionStage`). */
  readonly stage: string
  /** The connection was there before the client asked. */
  readonly warm: boolean
}

/** `createFairlead` gives one. */
export interface Connector {
  connect(
    host: string,
    port?: number,
    options?: { readonly signal?: AbortSignal; readonly avoid?: ReadonlyArray<string> }
  ): Promise<net.Socket>
  servedBy(socket: net.Socket): Served | undefined
  /** The connection was of no use although TCP was connected. */
  report(socket: net.Socket, outcome: "failed"): boolean
  /** Whether the configuration has rules for TLS to this host, such as pins, which only `connectTls` keeps. */
  hasTlsRules?(host: string, port?: number): boolean
  connectTls?(host: string, port?: number, options?: OwnTls): Promise<tls.TLSSocket>
  /** What is known of connections that are kept. Without it the limits of undici and Node remain in force. */
  readonly kept?: Kept
}

/** What a client may say of TLS where the configuration has rules for it. */
export interface OwnTls extends Pick<tls.ConnectionOptions, "ca"> {
  readonly alpn?: ReadonlyArray<string>
  readonly cert?: string | Buffer
  readonly key?: string | Buffer
  readonly signal?: AbortSignal
}

export interface Kept {
  /** For how long a connection to the host may have been idle to take another request, in ms; undefined: not known. */
  limitMs(host: string, port: number): number | undefined
  /** Whether new connections to the host may go to this candidate now; null: to an address that is no candidate. */
  isServing(host: string, port: number, candidate: string | null): boolean
  /** Whether the candidate is shut out, so that no client may use it now. */
  isShut?(host: string, port: number, candidate: string | null): boolean
  /** Names the rules for TLS to the host that are in force now. A connection that was opened under others takes no request. */
  rules?(host: string, port: number): string
  /**
   * Reports what was seen of an idle connection, from which the limit is learned. `outlived`: how many were used again after at
   * least as long, since the last end that was reported.
   */
  report(host: string, port: number, saw: SawIdle, idleMs: number, outlived?: number): boolean
}

/**
 * - `closed`: the server ended a connection that had been idle for so long.
 * - `dead`: a request met its end before any byte of an answer.
 * - `alive`: it was still open after so long.
 * - `announced`: the server says that it keeps idle connections for so long (`Keep-Alive: timeout=60`).
 */
export type SawIdle = "closed" | "dead" | "alive" | "announced"
