/** The sockets that a program has: what served each, and the end of those of which no session is left. */
import type * as net from "node:net"
import { cut } from "../../adapters/node/cut.ts"
import type { Lent } from "../../adapters/node/ProgramClient.ts"
import type { Engine } from "../../shell/Engine.ts"
import type { ServedBy } from "./ServedBy.ts"
import { servedBy } from "./ServedBy.ts"

export class Connections {
  readonly #engine: Engine["Service"]
  readonly #lent = new WeakMap<net.Socket, { readonly by: ServedBy | undefined; readonly fail: () => boolean }>()
  /** Sockets that were told as failed and are still open. The end of the layer closes them too. */
  readonly #failed = new Set<net.Socket>()

  constructor(engine: Engine["Service"]) {
    this.#engine = engine
  }

  add(upstream: string, { socket, reached, fail }: Lent): void {
    const by = reached === undefined ? undefined : servedBy(this.#engine.stateUnsafe(), upstream, reached)
    this.#lent.set(socket, { by, fail })
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
