/** Places for connections. Who comes when all are taken is told so (503), up to a point; from there on the system refuses. */
import type { Socket } from "node:net"

export class Places {
  readonly #places: number
  #taken = 0
  readonly #surplus = new WeakSet<Socket>()

  constructor(places: number) {
    this.#places = places
  }

  /** Connections that are accepted at all. */
  get most(): number {
    return 2 * this.#places + 16
  }

  take(socket: Socket): void {
    if (this.#taken >= this.#places) return void this.#surplus.add(socket)
    this.#taken++
    socket.once("close", () => this.#taken--)
  }

  /** Whether a connection found no place. */
  isSurplus(socket: Socket): boolean {
    return this.#surplus.has(socket)
  }
}
