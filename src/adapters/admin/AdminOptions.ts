/** What the admin port is to be. */
import type * as Redacted from "effect/Redacted"
import type { Address } from "../../core/model/Config.ts"
import type { Addresses } from "../../shell/privacy.ts"

export interface AdminOptions {
  readonly listen: Address
  /** Host names it answers to. */
  readonly hosts: ReadonlyArray<string>
  /** undefined: none is asked for, which only a loopback address may do. */
  readonly token: Redacted.Redacted | undefined
  /** Requests for pages and orders at once; as many again of health and metrics. */
  readonly clients: number
  /** Readers of facts at once. */
  readonly readers: number
  /** For a caller to send its request, and to stay idle between two, in ms. */
  readonly timeoutMs: number
  /** Between two signs of life in a stream of facts, in ms. */
  readonly heartbeatMs: number
  readonly addresses: Addresses
}
