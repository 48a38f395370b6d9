/**
 * An upstream of the soak: a real server that stands for one address. It checks each request, and answers with a digest and with
 * its fault: on loopback from its distance, in the lab at once, as the network has the distance. It runs in the process of the
 * upstreams.
 */
import type { Buffer } from "node:buffer"
import * as net from "node:net"
import type { Condition, Fault, OriginOptions } from "./orders.ts"
import { tripMs } from "./orders.ts"
import { HEAD_BYTES, Incoming, isIntact, message } from "./exchange.ts"

const RETRANSMIT_MS = 200
/** A longer answer comes in two parts, one round trip apart. */
const ONE_PART_BYTES = 16_384

export class Origin {
  readonly #options: OriginOptions
  /** Uniform numbers in [0, 1). */
  readonly #draw: () => number
  #slowness = 1
  #fault: Fault = "none"
  readonly #server: net.Server
  readonly #sockets = new Set<net.Socket>()

  constructor(options: OriginOptions, draw: () => number) {
    this.#options = options
    this.#draw = draw
    this.#server = net.createServer({ noDelay: true, allowHalfOpen: true }, (socket) => this.#serve(socket))
  }

  /** A server that goes down closes its connections. */
  set condition({ fault, slowness }: Condition) {
    this.#fault = fault
    this.#slowness = slowness
    if (fault === "refusing") { for (const socket of [...this.#sockets]) socket.resetAndDestroy() }
    // On loopback the soak refuses before it dials.
    if (this.#options.at === undefined) return
    if (fault === "refusing") this.#server.close()
    else if (!this.#server.listening) this.#server.listen(this.#options.at)
  }

  #serve(socket: net.Socket): void {
    this.#sockets.add(socket)
    const timers = new Set<ReturnType<typeof setTimeout>>()
    const later = (act: () => void, waitMs = tripMs(this.#options, this.#slowness, this.#draw), nextMs = RETRANSMIT_MS) => {
      const timer = setTimeout(() => {
        timers.delete(timer)
        if (this.#fault === "dark") return later(act, nextMs, nextMs * 2)
        act()
      }, waitMs)
      timers.add(timer)
    }
    const incoming = new Incoming()
    let isAsked = false
    socket.on("data", (chunk: Buffer) => {
      const isWhole = incoming.add(chunk)
      if (isAsked || !isWhole) return
      isAsked = true
      later(() => this.#answer(socket, incoming, later))
    })
    socket.once("end", () => later(() => socket.end()))
    socket.on("error", () => {})
    socket.once("close", () => {
      for (const timer of timers) clearTimeout(timer)
      this.#sockets.delete(socket)
    })
  }

  #answer(socket: net.Socket, incoming: Incoming, later: (act: () => void) => void): void {
    const fault = this.#fault
    if (fault === "stalling") return
    if (fault === "resetting") return void socket.resetAndDestroy()
    const arrived = isIntact(incoming.whole())
    const { client, third: wanted } = incoming.head ?? { client: 0, third: 0 }
    const text = message({ client, bodyBytes: wanted, third: this.#options.index, fourth: arrived ? 1 : 0 })
    if (text.length <= ONE_PART_BYTES) return void socket.end(text)
    const half = HEAD_BYTES + (wanted >>> 1)
    socket.write(text.subarray(0, half))
    later(() => {
      if (fault === "cutting") socket.resetAndDestroy()
      else socket.end(text.subarray(half))
    })
  }

  /** Gives its port. */
  listen(): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject)
      this.#server.listen(this.#options.at ?? { host: "127.0.0.1", port: 0 }, () => {
        this.#server.off("error", reject)
        this.#server.on("error", (error) => {
          // Where it cannot listen again, the process ends, and the soak says so. One client that cannot be taken is no reason.
          if (!this.#server.listening) throw error
        })
        resolve((this.#server.address() as net.AddressInfo).port)
      })
    })
  }
}
