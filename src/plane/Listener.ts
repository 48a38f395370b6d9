/** One listener as the acceptor keeps it: what was asked for, what it became, and whose turn it is. */
import type * as Scope from "effect/Scope"
import type { UpstreamId } from "../core/model/Candidate.ts"
import type { Address } from "../core/model/Routes.ts"
import type { ClientSocket, Listening } from "./ports/Transport.ts"

export interface ListenerOptions {
  readonly name: string
  readonly listen: Address
  readonly upstream: UpstreamId
  /** The upstream's name: its place may be another one's until the core has arranged a new configuration. */
  readonly serves?: string
  readonly maxConnections: number
  /** Clients that may wait for a place. */
  readonly backlog: number
}

export interface Listener {
  options: ListenerOptions
  /** undefined until bound. */
  listening: Listening | undefined
  readonly scope: Scope.Closeable
  /** `new`: bound, but its clients wait until all others are; `gone`: it accepts nobody any more, its clients go on. */
  phase: "new" | "open" | "gone"
  readonly waiting: Array<ClientSocket>
  connections: number
  accepted: number
  refused: number
}

/** Whether a listener stays as it is bound; port 0 is another one each time, so there the name decides. */
export function isSame(bound: ListenerOptions, wanted: ListenerOptions): boolean {
  const { host, port } = bound.listen
  return host === wanted.listen.host && port === wanted.listen.port && (port !== 0 || bound.name === wanted.name)
}
