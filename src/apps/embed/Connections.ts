/** The sockets that a program has: what served each, and the end of those of which no session is left. */
import type * as net from "node:net"
import { cut } from "../../adapters/node/cut.ts"
import type * as tls from "node:tls"
import type { Lent } from "../../adapters/node/ProgramClient.ts"
import type { TlsStage } from "../../core/model/Event.ts"
import type { Reached } from "../../plane/ports/Transport.ts"
import type { Engine } from "../../shell/Engine.ts"
import type { ServedBy } from "./ServedBy.ts"
import { servedBy } from "./ServedBy.ts"

export class Connections {
  readonly #engine: Engine["Service"]
  readonly #lent = new WeakMap<net.Socket, Lent & { readonly by: ServedBy | undefined }>()
  /** Sockets that were told as failed and are still open. The end of the layer closes them too. */
  readonly #failed = new Set<net.Socket>()

  constructor(engine: Engine["Service"]) {
    this.#engine = engine
  }

  add(upstream: string, lent: Lent): void {
    const { socket, reached } = lent
    const by = reached === undefined ? undefined : servedBy(this.#engine.stateUnsafe(), upstream, reached)
    this.#lent.set(socket, { ...lent, by })
  }

  /** TLS over one of the sockets. */
  secure(socket: tls.TLSSocket, over: net.Socket, tlsStage: TlsStage): void {
    const lent = this.#lent.get(over)
    if (lent === undefined) return
    this.#lent.set(socket, { ...lent, by: lent.by === undefined ? undefined : { ...lent.by, tlsStage } })
  }

  /** undefined: the socket is none of `connect`. */
  reachedBy(socket: net.Socket): Reached | undefined {
    return this.#lent.get(socket)?.reached
  }

  /** Its end will be the fault of neither side. */
  excuse(socket: net.Socket): void {
    this.#lent.get(socket)?.excuse()
  }

  /** undefined: the socket is none of `connect`. */
  readonly servedBy = (socket: net.Socket): ServedBy | undefined => this.#lent.get(socket)?.by

  /** false: the end of its session has been told, or there is no such session. */
  fail(socket: net.Socket): boolean {
    if (this.#lent.get(socket)?.fail() !== true) return false
    if (!socket.destroyed) {
      this.#failed.add(socket)
      socket.once("close", () => this.#failed.delete(socket))
    }
    return true
  }

  close(): void {
    for (const socket of this.#failed) cut(socket)
  }
}
