/** How the attempts of a dial plan fared, as Effect schemas. The order of words is part of the schema's digest. */
import * as Schema from "effect/Schema"
import { Endpoint } from "./ids.ts"

const failures = ["refused", "reset", "timeout", "unreachable", "implausible", "local"] as const

/**
 * Why a dial or probe failed. Some reasons need a word:
 * - `implausible`: the handshake took less than `scoring.minPlausibleRtt`, so a middlebox answered.
 * - `local`: this machine could not even try. That is no evidence about the candidate.
 * - `certificate`: the address accepted the connection, and did not show a certificate for the upstream's name in time.
 */
export const DialFailure = Schema.Literals([...failures, "certificate"])
export type DialFailure = typeof DialFailure.Type

/**
 * How one attempt of a client's dial plan fared. Beside `connected` and the failures:
 * - `cancelled`: another attempt had won, or the client had left.
 * - `unresolved`: the name has no addresses, or none that had not been tried before.
 * - `denied`: `access` does not admit an address of the name, so it was not dialled.
 */
const AttemptOutcome = Schema.Literals(["connected", "cancelled", "unresolved", ...failures, "denied", "certificate"])
export type AttemptOutcome = typeof AttemptOutcome.Type

/** One attempt. Replay checks that it follows from the plan. */
export class Attempt extends Schema.Opaque<Attempt>()(Schema.Struct({
  /** `system`: a system address, or the query for the addresses of a name. */
  candidate: Endpoint,
  /** The system address or the name. */
  host: Schema.optionalKey(Schema.String),
  outcome: AttemptOutcome,
  /** From the beginning of the attempt to its outcome. */
  tookUs: Schema.Int,
  /** The address has shown the certificate that the plan asked for. */
  verified: Schema.optionalKey(Schema.Literal(true))
})) {}
