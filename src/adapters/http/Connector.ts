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
}

/** What a client may say of TLS where the configuration has rules for it. */
export interface OwnTls extends Pick<tls.ConnectionOptions, "ca"> {
  readonly alpn?: ReadonlyArray<string>
  readonly cert?: string | Buffer
  readonly key?: string | Buffer
  readonly signal?: AbortSignal
}
