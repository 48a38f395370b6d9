/** How the attempts of a dial plan fared. */
import type { Endpoint } from "./Candidate.ts"

/**
 * Why a dial or probe failed. Some reasons need a word:
 * - `implausible`: the handshake took less than `scoring.minPlausibleRtt`, so a middlebox answered.
 * - `local`: this machine could not even try. That is no evidence about the candidate.
 * - `certificate`: the address accepted the connection, and did not show a certificate for the upstream's name in time.
 */
export type DialFailure = "refused" | "reset" | "timeout" | "unreachable" | "implausible" | "local" | "certificate"

/**
 * How one attempt of a client's dial plan fared. Beside `connected` and the failures:
 * - `cancelled`: another attempt had won, or the client had left.
 * - `unresolved`: the name has no addresses, or none that had not been tried before.
 * - `denied`: `access` does not admit an address of the name, so it was not dialled.
 */
export type AttemptOutcome = "connected" | "cancelled" | "unresolved" | DialFailure | "denied"

/** One attempt. Replay checks that it follows from the plan. */
export interface Attempt {
  /** `system`: a system address, or the query for the addresses of a name. */
  readonly candidate: Endpoint
  /** The system address or the name. */
  readonly host?: string
  readonly outcome: AttemptOutcome
  /** From the beginning of the attempt to its outcome. */
  readonly tookUs: number
  /** The address has shown the certificate that the plan asked for. */
  readonly verified?: true
}
