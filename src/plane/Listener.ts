/** One listener: its options, its socket, and the clients that wait for a session. */
import type * as Scope from "effect/Scope"
import { contains } from "../core/access.ts"
import { wordsOf } from "../core/addressWords.ts"
import type { Address, Network } from "../core/model/Routes.ts"
import type { ListenerStatus } from "./ports/ListenerStatus.ts"
import type { Entry, TurnedAway } from "./Entry.ts"
import type { ClientSocket, Listening } from "./ports/Transport.ts"
import type { Target } from "./Target.ts"

export interface ListenerOptions {
  readonly name: string
  readonly listen: Address
  /** What its clients reach; undefined: each names its own target. */
  readonly target: Target | undefined
  /** What a client has to do before it is served; absent: nothing. */
  readonly entry?: Entry
  /** Networks from which clients may connect; absent: all. */
  readonly clients?: ReadonlyArray<Network>
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
  readonly turnedAway: Map<TurnedAway, number>
}

/** Whether a client may connect from its address. A client that may not is counted. */
export function welcomes({ options, turnedAway }: Listener, socket: ClientSocket): boolean {
  if (isWelcome(options, socket)) return true
  turnedAway.set("denied", (turnedAway.get("denied") ?? 0) + 1)
  return false
}

function isWelcome({ clients }: ListenerOptions, socket: ClientSocket): boolean {
  if (clients === undefined) return true
  const words = wordsOf(socket.addressUnsafe())
  return words !== undefined && clients.some((network) => contains(network, words))
}

/** What a listener demands now of a client that it accepted under other rules; undefined: the client may ask for nothing more. */
export function entryFor({ options, phase }: Listener, accepted: Entry, socket: ClientSocket): Entry | undefined {
  const { entry } = options
  return phase !== "gone" && entry?.protocol === accepted.protocol && isWelcome(options, socket) ? entry : undefined
}

/** Whether a listener stays as it is bound; port 0 is another one each time, so there the name decides. */
export function isSame(bound: ListenerOptions, wanted: ListenerOptions): boolean {
  const { host, port } = bound.listen
  return host === wanted.listen.host && port === wanted.listen.port && (port !== 0 || bound.name === wanted.name)
}

/** A listener that demands something of its clients, where it is bound. */
export interface OpenWayIn {
  readonly listen: Address
  readonly entry: Entry
}

export function wayInOf({ options, listening, phase }: Listener): ReadonlyArray<OpenWayIn> {
  const { entry, listen } = options
  return entry === undefined || phase === "gone" ? [] : [{ listen: listening?.address ?? listen, entry }]
}

/** `paused`: descriptors are short. */
export function statusOf(listener: Listener, paused: boolean): ListenerStatus {
  const { options, listening, waiting, connections, accepted, refused, turnedAway } = listener
  return {
    name: options.name,
    protocol: options.entry?.protocol ?? "tcp",
    asksUser: options.entry?.asksUser ?? false,
    listen: listening?.address ?? options.listen,
    connections,
    waiting: waiting.length,
    paused,
    accepted,
    refused,
    turnedAway: Object.fromEntries(turnedAway)
  }
}
