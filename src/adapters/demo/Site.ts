/**
 * A local upstream of the demo: a real server on loopback, and how far away and how well it is said to be.
 *
 * It holds its answer back for one round trip; `distance.ts` does the same with the handshake. So a client that is given a
 * warm socket hears the first byte after one round trip, one that has to be dialled for after two, as over a real distance.
 * What is lost on a dark way is sent again later and later, as TCP does.
 */
import * as Effect from "effect/Effect"
import * as net from "node:net"
import type { Address } from "../../core/model/Config.ts"
import { BindError } from "../../plane/ports/errors.ts"

/** `dark`: nothing comes back. `refusing`: no server there. `resetting`: answers handshakes and resets sessions. */
export type Fault = "none" | "dark" | "refusing" | "resetting"

const RETRANSMIT_MS = 200

export class Site {
  /** The round trip in ms, before its jitter. */
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

  /** A process that is gone takes its connections with it. */
  set fault(fault: Fault) {
    this.#fault = fault
    if (fault === "refusing") { for (const socket of [...this.#sockets]) socket.resetAndDestroy() }
  }

  get address(): Address {
    const { address, port } = this.#server.address() as net.AddressInfo
    return { host: address, port }
  }

  /** One round trip with its jitter of a twentieth either way, in ms. */
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

/** Opens a site on a loopback address of its own, or, where the system has only one (macOS), on a port of its own. */
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
