/**
 * Places: what callers of the admin port may hold at once. A place is taken by a whole request that may be answered, not by a connection: who
 * sends half a request, or has not shown the token, takes none.
 *
 * Three kinds that cannot take each other's: pages and orders; health and metrics; readers of facts. Connections without a request under
 * way may be as many as pages; the one that has waited longest goes when another comes.
 */
import type { ServerResponse } from "node:http"
import type { Socket } from "node:net"

export interface Most {
  /** Pages and orders at once, and as many of health and metrics. */
  readonly clients: number
  /** Readers of facts at once. */
  readonly readers: number
}

type Kind = "page" | "health" | "reader"

export class Permits {
  readonly #most: Most
  readonly #taken: Record<Kind, number> = { page: 0, health: 0, reader: 0 }
  /** No request is under way on these, the longest such first. */
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

  /** The head of a request has come; a refused one is over soon. */
  requested(socket: Socket, response: ServerResponse): void {
    this.#waiting.delete(socket)
    once(response, () => {
      if (!socket.destroyed) this.#waiting.add(socket)
    })
  }

  /** undefined: it has its place until the response is over; otherwise which key says how many there are. */
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

/** When the response is sent or its connection gone, whichever the runtime tells first. */
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
