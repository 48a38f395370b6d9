/** What a program gets of the layer. */
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import type * as net from "node:net"
import type * as tls from "node:tls"
import type { OwnTls } from "../../adapters/node/secure.ts"
import type { BindError } from "../../plane/ports/errors.ts"
import type { PublicFact } from "../../shell/facts/PublicFact.ts"
import type { Status } from "../../shell/status.ts"
import type { ConfigError } from "./config.ts"
import type { FairleadConfig } from "./FairleadConfig.ts"
import type { ConnectError, TlsError, UnknownUpstreamError } from "./errors.ts"
import type { ConnectOptions } from "./FairleadClient.ts"
import type { KeptConnections } from "./KeptConnections.ts"
import type { Outcome, Selection, SocketOutcome } from "./Selection.ts"
import type { ServedBy } from "./ServedBy.ts"

/** Labels of candidates, or addresses, that the connection must not use (see `ConnectOptions`). */
export type Avoiding = Pick<ConnectOptions, "avoid">

export interface FairleadService {
  /**
   * A connection to the best address now: a warm socket where one waits, else a new dial as `dial` and the ladder say.
   *
   * `host` and `port` are those of an upstream. Or `host` is the name of an upstream, and the port is its own or left out. Or
   * no configuration names them, and an address is found on first use (`onDemand`).
   *
   * The caller owns the socket (`connectScoped` closes it with a scope). The end of the layer resets it, and `session.idle`
   * ends it.
   *
   * Interruption and time limits end the wait at once. Inside `Effect.acquireRelease` they do so only with `{ interruptible:
   * true }`; without it the wait lasts until `dial.deadline`.
   */
  readonly connect: (
    host: string,
    port?: number,
    options?: Avoiding
  ) => Effect.Effect<net.Socket, UnknownUpstreamError | ConnectError>
  /** The same with a socket that the scope closes: after its written bytes have left, or at once where the scope fails. */
  readonly connectScoped: (
    host: string,
    port?: number,
    options?: Avoiding
  ) => Effect.Effect<net.Socket, UnknownUpstreamError | ConnectError, Scope.Scope>
  /**
   * A TLS connection to the best address, by `tls.chain` of its upstream. It is there once the certificate was found valid for the
   * upstream's `host`, and has one of `tls.pins` where there are any; a pin mismatch fails at once. Then nothing was sent yet.
   *
   * All else is as with `connect`. `dial.deadline` limits the whole chain.
   */
  readonly connectTls: (
    host: string,
    port?: number,
    options?: OwnTls
  ) => Effect.Effect<tls.TLSSocket, UnknownUpstreamError | ConnectError | TlsError>
  /** The same with a socket that the scope closes: after its written bytes have left, or at once where the scope fails. */
  readonly connectTlsScoped: (
    host: string,
    port?: number,
    options?: OwnTls
  ) => Effect.Effect<tls.TLSSocket, UnknownUpstreamError | ConnectError | TlsError, Scope.Scope>
  /** Whether only `connectTls` heeds what the configuration says of TLS to this host: pins, or a cover name. */
  readonly hasTlsRules: (host: string, port?: number) => boolean
  /** What is known of HTTP connections that clients keep. The adapters for HTTP use it, and report what they see. */
  readonly kept: KeptConnections
  /** Which candidate serves a socket of `connect` or `connectTls`; undefined: the socket is not one of them. */
  readonly servedBy: (socket: net.Socket) => ServedBy | undefined
  /** The choice that `connect` would make now, for programs that dial by themselves. */
  readonly pick: (host: string, port?: number) => Effect.Effect<Selection, UnknownUpstreamError | ConnectError>
  /**
   * Reports the outcome of a selection, once; or that a socket of `connect` was of no use (see `FairleadClient.report`). false:
   * the report does not count.
   */
  readonly report: {
    (selection: Selection, outcome: Outcome): Effect.Effect<boolean>
    (socket: net.Socket, outcome: SocketOutcome): Effect.Effect<boolean>
  }
  /** As `/status`, with addresses in full. */
  readonly status: Effect.Effect<Status>
  /**
   * The last `limits.factsKept` facts, then all that follow, without an end. A jump in `seq` means that the reader was too
   * slow.
   */
  readonly facts: Stream.Stream<PublicFact>
  /** Measures and resolves one upstream anew, or all of them. */
  readonly refresh: (host?: string, port?: number) => Effect.Effect<void, UnknownUpstreamError>
  /**
   * Puts another configuration in force without closing connections. On failure nothing changes. Gives warnings about changes
   * that need a new start.
   */
  readonly reload: (config: FairleadConfig) => Effect.Effect<ReadonlyArray<string>, ConfigError | BindError>
}
