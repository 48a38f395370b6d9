/** The failures of a Fairlead without Effect, as plain errors. The message tells what was tried, what happened and what to do. */
import type { Tried } from "./ServedBy.ts"

/**
 * - `ERR_FAIRLEAD_CONFIG`: the configuration is not valid (`FairleadConfigError`).
 * - `ERR_FAIRLEAD_BIND`: the address of a listener or of the admin port cannot be bound.
 * - `ERR_FAIRLEAD_EXPOSED`: the admin port would be open to others without a token.
 * - `ERR_FAIRLEAD_RECORD`: the directory of the event log cannot be used.
 * - `ERR_FAIRLEAD_UNKNOWN_UPSTREAM`: no upstream has this name or host.
 * - `ERR_FAIRLEAD_CONNECT`: no connection could be made (`FairleadConnectError`).
 * - `ERR_FAIRLEAD_TLS`: no TLS connection could be made (`FairleadTlsError`).
 * - `ERR_FAIRLEAD_CLOSED`: it was closed before.
 */
export type FairleadErrorCode =
  | "ERR_FAIRLEAD_CONFIG"
  | "ERR_FAIRLEAD_BIND"
  | "ERR_FAIRLEAD_EXPOSED"
  | "ERR_FAIRLEAD_RECORD"
  | "ERR_FAIRLEAD_UNKNOWN_UPSTREAM"
  | "ERR_FAIRLEAD_CONNECT"
  | "ERR_FAIRLEAD_TLS"
  | "ERR_FAIRLEAD_CLOSED"

export class FairleadError extends Error {
  override readonly name: string = "FairleadError"
  readonly code: FairleadErrorCode

  constructor(code: FairleadErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** Nothing was started or changed. */
export class FairleadConfigError extends FairleadError {
  override readonly name = "FairleadConfigError"
  declare readonly code: "ERR_FAIRLEAD_CONFIG"
  /** All problems. `path`: such as `upstreams.web.port`. */
  readonly problems: ReadonlyArray<{ readonly path: string; readonly expected: string; readonly message: string }>

  constructor(message: string, problems: FairleadConfigError["problems"], options?: ErrorOptions) {
    super("ERR_FAIRLEAD_CONFIG", message, options)
    this.problems = problems
  }
}

export class FairleadConnectError extends FairleadError {
  override readonly name = "FairleadConnectError"
  declare readonly code: "ERR_FAIRLEAD_CONNECT"
  readonly upstream: string
  /** `busy`: no room for another client until `dial.deadline` (`limits.mailbox`). `stopped`: it was closed. */
  readonly reason: "unreachable" | "busy" | "stopped"
  /** In the order in which the attempts ended. */
  readonly tried: ReadonlyArray<Tried>

  constructor(
    message: string,
    { upstream, reason, tried }: Pick<FairleadConnectError, "upstream" | "reason" | "tried">,
    options?: ErrorOptions
  ) {
    super("ERR_FAIRLEAD_CONNECT", message, options)
    this.upstream = upstream
    this.reason = reason
    this.tried = tried
  }
}

export class FairleadTlsError extends FairleadError {
  override readonly name = "FairleadTlsError"
  declare readonly code: "ERR_FAIRLEAD_TLS"
  readonly upstream: string
  /**
   * - `pin`: a valid certificate had none of the pinned keys. No other address was tried.
   * - `exhausted`: every stage of `tls.chain` failed.
   * - `timeout`: `dial.deadline` was over.
   * - `nameless`: the upstream has no `host`, so no certificate can be for it.
   */
  readonly reason: "pin" | "exhausted" | "timeout" | "nameless"
  /** The attempts in order, with the reason in words. */
  readonly tried: ReadonlyArray<TlsTry>

  constructor(
    message: string,
    { upstream, reason, tried }: Pick<FairleadTlsError, "upstream" | "reason" | "tried">,
    options?: ErrorOptions
  ) {
    super("ERR_FAIRLEAD_TLS", message, options)
    this.upstream = upstream
    this.reason = reason
    this.tried = tried
  }
}

export interface TlsTry {
  readonly stage: "cover" | "real" | "system"
  /** The label of the candidate, such as `web#2`. The address where there is no candidate; empty: none was connected. */
  readonly candidate: string
  /** `unreached`, `certificate`, `pin`, `handshake`, `timeout` or `cancelled`. */
  readonly outcome: string
  readonly why: string
  readonly tookMs: number
}
