/** Events of clients and their sessions, as Effect schemas. */
import * as Schema from "effect/Schema"
import { Attempt } from "./Attempt.ts"
import { CandidateId, CandidateOrNone, Endpoint, UpstreamId } from "./ids.ts"

/** A client was connected, or could not be. The shell posts this once bytes may flow, so that no byte waits for it. */
export class ClientAccepted extends Schema.Opaque<ClientAccepted>()(Schema.TaggedStruct("ClientAccepted", {
  worker: Schema.Int,
  session: Schema.Int,
  listener: Schema.String,
  upstream: UpstreamId,
  /** Version of the routes that the client was served from. */
  routes: Schema.Int,
  /** The candidate that the policy chose. `none`: the last resort chose. */
  chosen: CandidateOrNone,
  why: Schema.Literals(["only", "cheapest", "balanced", "unranked"]),
  /** The candidate that serves the client. `system`: a system address does. `none`: no address could be reached. */
  candidate: Schema.Union([CandidateId, Schema.Literals(["system", "none"])]),
  /** Id of the warm socket that the client took; 0: its socket was dialled. */
  warm: Schema.Int,
  /** A number for the client's address, the same while the shell remembers the address; 0: the shell did not need it. */
  client: Schema.Int,
  tried: Schema.Array(Attempt)
})) {}

/** A session ended. */
export class ClientClosed extends Schema.Opaque<ClientClosed>()(Schema.TaggedStruct("ClientClosed", {
  worker: Schema.Int,
  session: Schema.Int,
  candidate: Endpoint,
  client: Schema.Int,
  /** Bytes from the client. */
  bytesUp: Schema.Int,
  /** Bytes to the client. */
  bytesDown: Schema.Int,
  /** From accept to the first upstream byte; -1: there was none. */
  firstByteUs: Schema.Int,
  /**
   * From the client's last byte before the first upstream byte to that byte; -1: one of them is missing, or the upstream spoke
   * first.
   */
  answerUs: Schema.Int,
  durationUs: Schema.Int,
  /**
   * The last report about the session's silence before its first upstream byte; `none`: that byte came, or there was no report.
   */
  silence: Schema.Literals(["none", "silent", "stalled"]),
  /**
   * How the session ended. `upstream-closed`: the upstream ended it in order, without one byte after client bytes.
   * `upstream-alert`: all that the upstream sent was an alert of TLS, which counts neither as an answer nor as a byte in
   * `firstByteUs`.
   */
  cause: Schema.Literals([
    "done",
    "client-reset",
    "upstream-reset",
    "upstream-closed",
    "upstream-alert",
    "idle",
    "half-close-timeout",
    "stopped"
  ])
})) {}

/** A dial for a client is pending for longer than `suspectAfterMs` of its plan. */
export class DialPending extends Schema.Opaque<DialPending>()(Schema.TaggedStruct("DialPending", {
  worker: Schema.Int,
  candidate: CandidateId,
  pendingUs: Schema.Int
})) {}

/**
 * A session has waited for its first upstream byte for longer than `silentAfterMs` of its routes. The wait begins when the
 * client's last byte can have left this machine.
 */
export class SessionSilent extends Schema.Opaque<SessionSilent>()(Schema.TaggedStruct("SessionSilent", {
  worker: Schema.Int,
  session: Schema.Int,
  candidate: Endpoint,
  waitedUs: Schema.Int
})) {}

/** The silence of a session that was reported is over: its first upstream byte came, or the client's bytes move again. */
export class SessionSpoke extends Schema.Opaque<SessionSpoke>()(Schema.TaggedStruct("SessionSpoke", {
  worker: Schema.Int,
  session: Schema.Int,
  candidate: Endpoint,
  /** `client`: the client went on sending, or the upstream took more of its bytes. Absent: the upstream answered. */
  side: Schema.optionalKey(Schema.Literal("client"))
})) {}

/** A session was silent for `session.stall`. */
export class SessionStalled extends Schema.Opaque<SessionStalled>()(Schema.TaggedStruct("SessionStalled", {
  worker: Schema.Int,
  session: Schema.Int,
  candidate: Endpoint,
  client: Schema.Int
})) {}

/** A client learned something about how long an upstream lets an idle HTTP connection live. */
export class ConnectionKept extends Schema.Opaque<ConnectionKept>()(Schema.TaggedStruct("ConnectionKept", {
  worker: Schema.Int,
  upstream: UpstreamId,
  /** For how long the connection had been idle. Where `saw` is `announced`: the time that the upstream announced. */
  idleUs: Schema.Int,
  /**
   * `closed`: the upstream ended it. `dead`: a request met its end before any byte of an answer. `alive`: it was still open, or
   * answered. `announced`: an answer had a header `Keep-Alive`.
   */
  saw: Schema.Literals(["closed", "dead", "alive", "announced"]),
  /** Connections that were used again after at least as long, since the client reported the last end; 16 at most. */
  outlived: Schema.Int
})) {}

/** A client wants a host that no candidate is known to serve. */
export class DomainRequested extends Schema.Opaque<DomainRequested>()(Schema.TaggedStruct("DomainRequested", {
  worker: Schema.Int,
  /** `none`: the routes have no upstream with this host and port. */
  upstream: Schema.Union([UpstreamId, Schema.Literal("none")]),
  /** Empty where `upstream` names it. */
  host: Schema.String,
  port: Schema.Int
})) {}
