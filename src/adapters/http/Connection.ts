/** One connection of an HTTP client: the socket that the client has, and the one below it that Fairlead knows. */
import type * as net from "node:net"
import type { Connector, Served } from "./Connector.ts"

/** By the socket that the client has. */
const connections = new WeakMap<object, Connection>()

export const connectionOf = (socket: object): Connection | undefined => connections.get(socket)

export class Connection {
  /** What the client reads and writes: over TLS the `TLSSocket`. */
  readonly socket: net.Socket
  readonly served: Served | undefined
  /** Such as `https://web.example`; an agent sets it. */
  origin = ""
  /** The rules for TLS that were in force when it was opened. */
  rules = ""
  /** Requests that were sent on it. */
  requests = 0
  /** When its last answer ended, in the time of `performance.now`. */
  idleSinceMs = performance.now()
  /** Whether it waits for another request, after at least one. */
  isIdle = false
  /** Whether it waited for its first request. */
  hasWaited = false
  readonly #connector: Connector
  readonly #tcp: net.Socket
  #spent = false
  #dropped = false

  constructor(connector: Connector, tcp: net.Socket, socket: net.Socket = tcp) {
    this.#connector = connector
    this.#tcp = tcp
    this.socket = socket
    this.served = connector.servedBy(tcp)
    connections.set(socket, this)
  }

  /** No further request may use it. */
  get isSpent(): boolean {
    return this.#spent
  }

  /** This side ended it. */
  get isDropped(): boolean {
    return this.#dropped
  }

  /** Notes that this side ends it, so that its end says nothing about the other side. */
  markDropped(): void {
    this.#dropped = true
  }

  drop(): void {
    this.#dropped = true
    this.socket.destroy()
  }

  /** Reports it as useless, and takes no further request. */
  blame(): void {
    if (this.#spent) return
    this.#spent = true
    this.#connector.report(this.#tcp, "failed")
  }
}
