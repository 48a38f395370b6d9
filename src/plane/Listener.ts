/** One listener: its options, its socket, and the clients that wait for a session. */
import type * as Scope from "effect/Scope"
import type { Address } from "../core/model/Routes.ts"
import type { ListenerStatus } from "./ports/ListenerStatus.ts"
import type { ClientSocket, Listening } from "./ports/Transport.ts"
import type { Target } from "./Target.ts"

export interface ListenerOptions {
  readonly name: string
  readonly listen: Address
  /** What its clients reach. */
  readonly target: Target
  readonly maxConnections: number
  /** Clients that may wait for a session. */
  readonly backlog: number
}

export interface Listener {
  options: ListenerOptions
  /** undefined until bound. */
  listening: Listening | undefined
  readonly scope: Scope.Closeable
  /** `new`: bound, but its clients wait until all others are; `gone`: it accepts no more clients, its sessions go on. */
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

/** `paused`: descriptors are short. */
export function statusOf(listener: Listener, paused: boolean): ListenerStatus {
  const { options, listening, waiting, connections, accepted, refused } = listener
  return {
    name: options.name,
    listen: listening?.address ?? options.listen,
    connections,
    waiting: waiting.length,
    paused,
    accepted,
    refused
  }
}
