/** The event of a program's TLS connections, as an Effect schema. */
import * as Schema from "effect/Schema"
import { CandidateId, UpstreamId } from "./ids.ts"
import { Stage } from "./tls.ts"

export type TlsStage = typeof Stage.Type

/**
 * How one attempt fared:
 * - `served`: the program has the connection.
 * - `unreached`: the stage had no further address that connected.
 * - `certificate`: the certificate is not valid for the real name: another name, expired, or not trusted.
 * - `pin`: it is valid, and has none of the pinned keys.
 * - `handshake`: the address ended the handshake, or does not speak TLS.
 * - `timeout`: the handshake took longer than `tls.timeout`.
 * - `cancelled`: the program gave up, or `dial.deadline` was over.
 */
const TlsOutcome = Schema.Literals(["served", "unreached", "certificate", "pin", "handshake", "timeout", "cancelled"])
export type TlsOutcome = typeof TlsOutcome.Type

export class TlsAttempt extends Schema.Opaque<TlsAttempt>()(Schema.Struct({
  stage: Stage,
  /** `system`: a system address. `none`: no address was connected. */
  candidate: Schema.Union([CandidateId, Schema.Literals(["system", "none"])]),
  outcome: TlsOutcome,
  /** Of the TLS handshake alone. Where no address was connected, of the dials. */
  tookUs: Schema.Int,
  /** The key has no pin, and `pinsReportOnly` let it serve. */
  unpinned: Schema.optionalKey(Schema.Literal(true)),
  /** The program brought authorities of its own, so what they refuse says nothing about the candidate. */
  foreign: Schema.optionalKey(Schema.Literal(true))
})) {}

/** A program wanted a TLS connection. */
export class TlsTried extends Schema.Opaque<TlsTried>()(Schema.TaggedStruct("TlsTried", {
  worker: Schema.Int,
  upstream: UpstreamId,
  /** In the order in which they were made. Attempts of one stage follow each other. */
  tried: Schema.Array(TlsAttempt),
  /** From the program's request to the end of the last attempt. */
  tookUs: Schema.Int
})) {}
