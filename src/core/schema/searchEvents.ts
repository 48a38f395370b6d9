/** Events of what Fairlead asks by itself: probes, warm sockets, races and the resolver. As Effect schemas. */
import * as Schema from "effect/Schema"
import { Attempt, DialFailure } from "./Attempt.ts"
import { CandidateId, CandidateOrNone, ProbeTarget, UpstreamId } from "./ids.ts"

/** A probe succeeded. */
export class ProbeSucceeded extends Schema.Opaque<ProbeSucceeded>()(Schema.TaggedStruct("ProbeSucceeded", {
  worker: Schema.Int,
  probe: Schema.Int,
  candidate: ProbeTarget,
  /** Time of the TCP handshake alone. */
  tookUs: Schema.Int,
  /** Whether the probe asked for the certificate of the upstream's name, and got it. */
  identity: Schema.Literals(["verified", "unchecked"])
})) {}

/** A probe failed. */
export class ProbeFailed extends Schema.Opaque<ProbeFailed>()(Schema.TaggedStruct("ProbeFailed", {
  worker: Schema.Int,
  probe: Schema.Int,
  candidate: ProbeTarget,
  tookUs: Schema.Int,
  reason: DialFailure
})) {}

/** The dial of a warm socket succeeded. The socket waits for a client. */
export class WarmConnected extends Schema.Opaque<WarmConnected>()(Schema.TaggedStruct("WarmConnected", {
  worker: Schema.Int,
  warm: Schema.Int,
  candidate: CandidateId,
  tookUs: Schema.Int
})) {}

/** The dial of a warm socket failed. */
export class WarmFailed extends Schema.Opaque<WarmFailed>()(Schema.TaggedStruct("WarmFailed", {
  worker: Schema.Int,
  warm: Schema.Int,
  candidate: CandidateId,
  tookUs: Schema.Int,
  reason: DialFailure
})) {}

/** A warm socket is gone without having served a client. */
export class WarmLost extends Schema.Opaque<WarmLost>()(Schema.TaggedStruct("WarmLost", {
  worker: Schema.Int,
  warm: Schema.Int,
  candidate: CandidateId,
  reason: Schema.Literals(["closed", "reset", "expired", "drained"]),
  ageUs: Schema.Int
})) {}

/** A race is over: its first address that answered waits as the warm socket with the race's number, or none answered. */
export class Raced extends Schema.Opaque<Raced>()(Schema.TaggedStruct("Raced", {
  worker: Schema.Int,
  race: Schema.Int,
  upstream: UpstreamId,
  /** The winner. `none`: no address answered. */
  candidate: CandidateOrNone,
  tried: Schema.Array(Attempt),
  tookUs: Schema.Int
})) {}

/** The resolver answered. */
export class Resolved extends Schema.Opaque<Resolved>()(Schema.TaggedStruct("Resolved", {
  worker: Schema.Int,
  resolve: Schema.Int,
  upstream: UpstreamId,
  /** IP literals in the resolver's order. */
  addresses: Schema.Array(Schema.String),
  /** Addresses left out: those beyond `maxAnswers`, and those that cannot be dialled. */
  omitted: Schema.Int,
  /** Queries of this resolution that got no answer in time. */
  silent: Schema.Int,
  /**
   * true: a part of the answer, while other queries are open. Further parts follow under the same id, then the whole answer
   * without this field.
   */
  more: Schema.optionalKey(Schema.Literal(true))
})) {}

/** The resolver found no addresses. */
export class ResolveFailed extends Schema.Opaque<ResolveFailed>()(Schema.TaggedStruct("ResolveFailed", {
  worker: Schema.Int,
  resolve: Schema.Int,
  upstream: UpstreamId,
  /** The resolver's code, such as ENOTFOUND, or `timeout`. */
  reason: Schema.String
})) {}
