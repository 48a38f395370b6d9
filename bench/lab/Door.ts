/** The listening side of a lab's server that can refuse: it stops listening, and listens on the same address again. */
import * as net from "node:net"

export class Door {
  /** Connections that were accepted and are still open. */
  readonly sockets = new Set<net.Socket>()
  readonly #options: net.ListenOptions & net.ServerOpts
  readonly #serve: (socket: net.Socket) => void
  #server: net.Server | undefined

  constructor(options: net.ListenOptions & net.ServerOpts, serve: (socket: net.Socket) => void) {
    this.#options = { backlog: 1024, noDelay: true, ...options }
    this.#serve = serve
  }

  async open(): Promise<void> {
    if (this.#server !== undefined) return
    const server = net.createServer(this.#options, (socket) => this.#enter(socket))
    this.#server = server
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject)
      server.listen(this.#options, resolve)
    })
  }

  /** Resets all open connections. */
  async close(): Promise<void> {
    const server = this.#server
    this.#server = undefined
    this.reset()
    if (server !== undefined) await new Promise((resolve) => server.close(resolve))
  }

  reset(): void {
    for (const socket of this.sockets) socket.resetAndDestroy()
  }

  #enter(socket: net.Socket): void {
    this.sockets.add(socket)
    socket.on("error", () => {})
    socket.on("close", () => this.sockets.delete(socket))
    this.#serve(socket)
  }
}
