/**
 * A local upstream of the demo: a real server on loopback, with a simulated distance and simulated faults.
 *
 * It delays its answer by one round trip; `distance.ts` delays the handshake likewise. So a client with a warm socket gets its
 * first byte after one round trip, and a client with a new dial after two, as over a real distance. What is lost on a dark path
 * is sent again at growing intervals, as TCP does.
 */
import * as Effect from "effect/Effect"
import * as net from "node:net"
import type { Address } from "../../core/model/Config.ts"
import { BindError } from "../../plane/ports/errors.ts"

/** `dark`: nothing comes back. `refusing`: no server listens. `resetting`: handshakes succeed, and sessions are reset. */
export type Fault = "none" | "dark" | "refusing" | "resetting"

const RETRANSMIT_MS = 200

export class Site {
  /** Round trip in ms, without jitter. */
  rttMs: number
  readonly name: string
  #fault: Fault = "none"
  readonly #server: net.Server
  readonly #sockets = new Set<net.Socket>()
  readonly #draw: () => number

  /** `draw` gives uniform numbers in [0, 1). */
  constructor(name: string, rttMs: number, draw: () => number) {
    this.name = name
    this.rttMs = rttMs
    this.#draw = draw
    this.#server = net.createServer({ noDelay: true, allowHalfOpen: true }, (socket) => this.#serve(socket))
  }

  get fault(): Fault {
    return this.#fault
  }

  /** A server that goes down closes its connections. */
  set fault(fault: Fault) {
    this.#fault = fault
    if (fault === "refusing") { for (const socket of [...this.#sockets]) socket.resetAndDestroy() }
  }

  get address(): Address {
    const { address, port } = this.#server.address() as net.AddressInfo
    return { host: address, port }
  }

  /** One round trip in ms, with a jitter of a twentieth in either direction. */
  readonly tripMs = (): number => this.rttMs * (0.95 + 0.1 * this.#draw())

  #serve(socket: net.Socket): void {
    this.#sockets.add(socket)
    const timers = new Set<ReturnType<typeof setTimeout>>()
    const send = (act: () => void, waitMs = this.tripMs(), nextMs = RETRANSMIT_MS) => {
      const timer = setTimeout(() => {
        timers.delete(timer)
        if (this.#fault === "dark") return send(act, nextMs, nextMs * 2)
        act()
      }, waitMs)
      timers.add(timer)
    }
    socket.once("data", () => send(() => this.#answer(socket)))
    socket.once("end", () => send(() => socket.end()))
    socket.on("error", () => {})
    socket.once("close", () => {
      for (const timer of timers) clearTimeout(timer)
      this.#sockets.delete(socket)
    })
  }

  #answer(socket: net.Socket): void {
    if (this.#fault === "resetting") socket.resetAndDestroy()
    else socket.end(`${this.name}\n`)
  }

  listen(host: string, done: (error: NodeJS.ErrnoException | null) => void): void {
    this.#server.once("error", done)
    this.#server.listen({ host, port: 0 }, () => {
      this.#server.off("error", done)
      this.#server.on("error", () => {})
      done(null)
    })
  }

  close(): void {
    this.#server.close()
    for (const socket of [...this.#sockets]) socket.destroy()
  }
}

/**
 * Opens a site on a loopback address of its own, or on a port of its own where the system has only one such address (macOS).
 */
export const open = (index: number, name: string, rttMs: number, draw: () => number) =>
  Effect.acquireRelease(
    Effect.catchTag(
      bind(`127.0.0.${index + 2}`, name, rttMs, draw),
      "BindError",
      () => bind("127.0.0.1", name, rttMs, draw)
    ),
    (site) => Effect.sync(() => site.close())
  )

function bind(host: string, name: string, rttMs: number, draw: () => number): Effect.Effect<Site, BindError> {
  return Effect.callback((resume) => {
    const site = new Site(name, rttMs, draw)
    site.listen(host, (error) => {
      if (error === null) return resume(Effect.succeed(site))
      resume(Effect.fail(new BindError({ listener: name, host, port: 0, code: error.code ?? error.message })))
    })
  })
}
