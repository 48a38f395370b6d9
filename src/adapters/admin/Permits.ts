/**
 * Permits: they limit what callers of the admin port may occupy at once. A permit belongs to a complete request that passed the
 * guard, not to a connection. A caller that has sent half a request, or has not shown the token, gets none.
 *
 * There are three kinds: pages and orders, health and metrics, readers of facts. No kind can use the permits of another.
 * Connections without a request under way are limited to the number of permits for pages. When another one comes, the one that
 * has waited longest goes.
 */
import type { ServerResponse } from "node:http"
import type { Socket } from "node:net"

export interface Most {
  /** Pages and orders at once. Health and metrics have as many. */
  readonly clients: number
  /** Readers of facts at once. */
  readonly readers: number
}

type Kind = "page" | "health" | "reader"

export class Permits {
  readonly #most: Most
  readonly #taken: Record<Kind, number> = { page: 0, health: 0, reader: 0 }
  /** Connections without a request under way, the longest wait first. */
  readonly #waiting = new Set<Socket>()
  #connections = 0

  constructor(most: Most) {
    this.#most = most
  }

  /** Connections at once. */
  get connections(): number {
    return 3 * this.#most.clients + this.#most.readers
  }

  connected(socket: Socket): void {
    this.#connections++
    this.#waiting.add(socket)
    socket.once("close", () => {
      this.#connections--
      this.#waiting.delete(socket)
    })
    if (this.#connections <= this.connections) return
    const [oldest = socket] = this.#waiting
    oldest.destroy()
  }

  /** The head of a request has come. A refused request is over soon. */
  requested(socket: Socket, response: ServerResponse): void {
    this.#waiting.delete(socket)
    once(response, () => {
      if (!socket.destroyed) this.#waiting.add(socket)
    })
  }

  /**
   * Takes a permit, which lasts until the response is over. Gives undefined, or the configuration key of the limit that is reached.
   */
  take(path: string, response: ServerResponse): string | undefined {
    const kind: Kind = path === "/events" ? "reader" : HEALTH.has(path) ? "health" : "page"
    const most = kind === "reader" ? this.#most.readers : this.#most.clients
    if (this.#taken[kind] >= most) {
      return kind === "reader"
        ? `all ${most} permits for readers (limits.eventReaders)`
        : `all ${most} permits for requests (limits.adminClients)`
    }
    this.#taken[kind]++
    once(response, () => this.#taken[kind]--)
    return undefined
  }
}

const HEALTH: ReadonlySet<string> = new Set(["/healthz", "/readyz", "/metrics"])

/** Runs when the response is sent or when its connection is gone: at the first of the two. */
function once(response: ServerResponse, ended: () => void): void {
  let isOver = false
  const end = () => {
    if (isOver) return
    isOver = true
    ended()
  }
  response.once("finish", end)
  response.once("close", end)
}
