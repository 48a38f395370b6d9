/** Options of the admin port. */
import type * as Redacted from "effect/Redacted"
import type { Address } from "../../core/model/Config.ts"
import type { Addresses } from "../../shell/privacy.ts"

export interface AdminOptions {
  readonly listen: Address
  /** Host names that a request may use. */
  readonly hosts: ReadonlyArray<string>
  /** The token that a request must show; undefined: none. Only an address on loopback may do without. */
  readonly token: Redacted.Redacted | undefined
  /** Requests for pages and orders at once. Health and metrics have as many permits of their own. */
  readonly clients: number
  /** Readers of facts at once. */
  readonly readers: number
  /** Time in ms in which a caller has to send its request, and for which it may stay idle. */
  readonly timeoutMs: number
  /** Time in ms between two signs of life in a stream of facts. */
  readonly heartbeatMs: number
  /** Time in ms after which the dashboard asks for the token again. */
  readonly sessionMs: number
  readonly addresses: Addresses
}
