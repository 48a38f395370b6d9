/** The failures of a program's request for a connection. */
import * as Schema from "effect/Schema"

/** No configured upstream has this name or host, and it cannot be found on demand. */
export class UnknownUpstreamError extends Schema.TaggedError<UnknownUpstreamError>()("UnknownUpstreamError", {
  host: Schema.String,
  port: Schema.NullOr(Schema.Int),
  /** Upstreams by name, with host and port where they have one. */
  known: Schema.Array(Schema.String)
}) {
  override get message(): string {
    const wanted = this.port === null ? this.host : `${this.host}:${this.port}`
    return `no upstream serves ${wanted}: known upstreams are ${
      this.known.join(", ") || "none"
    }; add the host to upstreams, or give a port and set onDemand.enabled to true`
  }
}

const Tried = Schema.Struct({
  /** The label of the candidate, such as `web#2`. The name or address where there is no candidate. */
  candidate: Schema.String,
  /** `refused`, `timeout`, `unreachable`, ... */
  outcome: Schema.String,
  tookMs: Schema.Finite
})

/** No connection to an upstream could be made. */
export class ConnectError extends Schema.TaggedError<ConnectError>()("ConnectError", {
  upstream: Schema.String,
  /**
   * `busy`: the engine had no room for another client until `dial.deadline` (`limits.mailbox`). `stopped`: the layer has ended.
   */
  reason: Schema.Literals(["unreachable", "busy", "stopped"]),
  /** In the order in which the attempts ended. */
  tried: Schema.Array(Tried)
}) {
  override get message(): string {
    const tried = this.tried.map(({ candidate, outcome, tookMs }) => `${candidate} ${outcome} after ${tookMs} ms`)
    const why = this.reason === "busy"
      ? "the engine has no room for another client: try again later, or raise limits.mailbox"
      : this.reason === "stopped"
      ? "Fairlead has stopped"
      : `${
        tried.length === 0 ? "no address is known, or none that may be tried" : `tried ${tried.join(", ")}`
      }; see its candidates in status`
    return `cannot connect to ${this.upstream}: ${why}`
  }
}

/** No TLS connection to an upstream could be made, with a certificate that is valid for its host and has a pinned key. */
export class TlsError extends Schema.TaggedError<TlsError>()("TlsError", {
  upstream: Schema.String,
  /**
   * - `pin`: a valid certificate had none of the pinned keys. No other address was tried.
   * - `exhausted`: every stage of `tls.chain` failed.
   * - `timeout`: `dial.deadline` was over.
   * - `nameless`: the upstream has no `host`, so no certificate can be for it.
   */
  reason: Schema.Literals(["pin", "exhausted", "timeout", "nameless"]),
  tried: Schema.Array(Schema.Struct({
    stage: Schema.Literals(["cover", "real", "system"]),
    /** The label of the candidate, such as `web#2`. The address where there is no candidate; empty: none was connected. */
    candidate: Schema.String,
    /** `unreached`, `certificate`, `pin`, `handshake` or `timeout`. */
    outcome: Schema.String,
    /** In words. */
    why: Schema.String,
    tookMs: Schema.Finite
  }))
}) {
  override get message(): string {
    if (this.reason === "nameless") {
      return `cannot connect to ${this.upstream} over TLS: it has no host that a certificate could be for; set host`
    }
    const tried = this.tried.map(({ stage, candidate, outcome, why, tookMs }) =>
      `${stage} ${candidate}${candidate === "" ? "" : " "}${outcome} after ${tookMs} ms${why === "" ? "" : ` (${why})`}`
    )
    const cure = this.reason === "pin"
      ? "if the server has a new key, add it to tls.pins; else something is in the way"
      : this.reason === "timeout"
      ? "dial.deadline is over"
      : "see its candidates in status"
    return `cannot connect to ${this.upstream} over TLS: tried ${tried.join(", ") || "nothing"}; ${cure}`
  }
}
