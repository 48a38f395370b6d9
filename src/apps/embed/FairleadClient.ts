/** Fairlead for programs without Effect: promises, signals and iterables. */
import type * as net from "node:net"
import type * as tls from "node:tls"
import type { OwnTls } from "../../adapters/node/secure.ts"
import type { PublicFact } from "../../shell/facts/PublicFact.ts"
import type { Status } from "../../shell/status.ts"
import type { FairleadConfig } from "./FairleadConfig.ts"
import type { KeptConnections } from "./KeptConnections.ts"
import type { Outcome, Selection, SocketOutcome } from "./Selection.ts"
import type { ServedBy } from "./ServedBy.ts"

export interface ConnectOptions {
  /** Ends the wait at once. The promise is rejected with the signal's reason. */
  readonly signal?: AbortSignal
  /**
   * Labels of candidates (`web#2`), or addresses, that this connection must not use, because they failed the program in a way
   * that no dial shows. The plan goes on with the addresses behind them.
   */
  readonly avoid?: ReadonlyArray<string>
}

export interface ConnectTlsOptions extends OwnTls, Pick<ConnectOptions, "signal"> {}

/** What a program holds. Every promise is rejected with a `FairleadError`, or with the reason of its signal. */
export interface FairleadClient extends AsyncDisposable {
  /**
   * A connection to the best address now: a warm socket where one waits, else a new dial.
   *
   * `host` and `port` are those of an upstream. Or `host` is the name of an upstream, and the port is its own or left out. Or
   * no configuration names them, and an address is found on first use (`onDemand`).
   *
   * The caller owns the socket. `close` resets it, and `session.idle` ends it.
   */
  connect(host: string, port?: number, options?: ConnectOptions): Promise<net.Socket>
  /**
   * A TLS connection to the best address, by `tls.chain` of its upstream. It is there once the certificate was found valid for the
   * upstream's `host`, and has one of `tls.pins` where there are any; a pin mismatch fails at once. Then nothing was sent yet.
   * Where no stage gives a connection, the promise is rejected with a `FairleadTlsError`.
   *
   * All else is as with `connect`. `dial.deadline` limits the whole chain.
   */
  connectTls(host: string, port?: number, options?: ConnectTlsOptions): Promise<tls.TLSSocket>
  /** Whether only `connectTls` heeds what the configuration says of TLS to this host: pins, or a cover name. */
  hasTlsRules(host: string, port?: number): boolean
  /** Which candidate serves a socket of `connect` or `connectTls`; undefined: the socket is not one of them. */
  servedBy(socket: net.Socket): ServedBy | undefined
  /** What is known of HTTP connections that clients keep. The adapters for HTTP use it, and report what they see. */
  readonly kept: KeptConnections
  /** The choice that `connect` would make now, for programs that dial by themselves. */
  pick(host: string, port?: number, options?: Pick<ConnectOptions, "signal">): Promise<Selection>
  /** Reports the outcome of a selection, once. false: the report does not count. */
  report(selection: Selection, outcome: Outcome): boolean
  /**
   * Reports that a socket of `connect` was of no use although it was connected: a wrong certificate, a failed handshake above
   * TCP, an answer such as 503. It counts like a session without an answer. Call it before the socket is destroyed, or in the
   * same turn. false: the report does not count, because the session was told already.
   *
   * Nothing else has to be reported for a socket: dials, first bytes, silence and resets are seen.
   */
  report(socket: net.Socket, outcome: SocketOutcome): boolean
  /** As `/status` of the admin port, with addresses in full. */
  status(): Status
  /**
   * The last `limits.factsKept` facts, then all that follow. It ends with the signal, with `break`, or with `close`. A jump in
   * `seq` means that the reader was too slow.
   */
  facts(options?: { readonly signal?: AbortSignal }): AsyncIterable<PublicFact>
  /** Measures and resolves one upstream anew, or all of them. It does not wait for the outcome. */
  refresh(host?: string, port?: number): Promise<void>
  /**
   * Puts another configuration in force without closing connections. On failure nothing changes. Gives warnings about changes
   * that need a new start.
   */
  reload(config: FairleadConfig): Promise<ReadonlyArray<string>>
  /** Closes everything: connections are reset, listeners closed, files written. Further calls wait for the same end. */
  close(): Promise<void>
}
