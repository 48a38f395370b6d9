/**
 * A local upstream of the soak: a real server on loopback that stands for one address of the made-up network. It has a distance
 * and faults, as the sites of the demo have; it checks each request and answers with a digest.
 */
import type { Buffer } from "node:buffer"
import * as Effect from "effect/Effect"
import * as net from "node:net"
import type { Address } from "../../core/model/Config.ts"
import { BindError } from "../../plane/ports/errors.ts"
import type { FarSite } from "../demo/distance.ts"
import { HEAD_BYTES, Incoming, isIntact, message } from "./exchange.ts"

/**
 * `dark`: nothing comes back. `refusing`: no server listens. `stalling`: handshakes succeed, and no answer follows.
 * `resetting`: sessions are reset instead of an answer. `cutting`: long answers are reset midway.
 */
export type Fault = "none" | "dark" | "refusing" | "stalling" | "resetting" | "cutting"

const RETRANSMIT_MS = 200
/** A longer answer comes in two parts, one round trip apart. */
const ONE_PART_BYTES = 16_384

export interface OriginOptions {
  /** Its number among all of the soak, which its answers carry. */
  readonly index: number
  readonly address: Address
  readonly rttMs: number
  /** The round trip varies by this share in either direction. */
  readonly jitter: number
  /** Uniform numbers in [0, 1). */
  readonly draw: () => number
}

export class Origin implements FarSite {
  readonly index: number
  readonly address: Address
  readonly rttMs: number
  /** Times that its distance has grown by. */
  slowness = 1
  #fault: Fault = "none"
  readonly #jitter: number
  readonly #draw: () => number
  readonly #server: net.Server
  readonly #sockets = new Set<net.Socket>()

  constructor({ index, address, rttMs, jitter, draw }: OriginOptions) {
    this.index = index
    this.address = address
    this.rttMs = rttMs
    this.#jitter = jitter
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

  get near(): Address {
    const { address, port } = this.#server.address() as net.AddressInfo
    return { host: address, port }
  }

  /** Whether a client that comes now can be served. */
  get canServe(): boolean {
    return this.#fault === "none" || this.#fault === "cutting"
  }

  readonly tripMs = (): number => this.rttMs * this.slowness * (1 - this.#jitter + 2 * this.#jitter * this.#draw())

  #serve(socket: net.Socket): void {
    this.#sockets.add(socket)
    const timers = new Set<ReturnType<typeof setTimeout>>()
    const later = (act: () => void, waitMs = this.tripMs(), nextMs = RETRANSMIT_MS) => {
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
    const text = message({ client, bodyBytes: wanted, third: this.index, fourth: arrived ? 1 : 0 })
    if (text.length <= ONE_PART_BYTES) return void socket.end(text)
    const half = HEAD_BYTES + (wanted >>> 1)
    socket.write(text.subarray(0, half))
    later(() => {
      if (fault === "cutting") socket.resetAndDestroy()
      else socket.end(text.subarray(half))
    })
  }

  listen(done: (error: NodeJS.ErrnoException | null) => void): void {
    this.#server.once("error", done)
    this.#server.listen({ host: "127.0.0.1", port: 0 }, () => {
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

/** Opens a server on a port that the system chooses. */
export const open = (options: OriginOptions) =>
  Effect.acquireRelease(
    Effect.callback<Origin, BindError>((resume) => {
      const origin = new Origin(options)
      origin.listen((error) => {
        if (error === null) return resume(Effect.succeed(origin))
        const code = error.code ?? error.message
        resume(Effect.fail(new BindError({ listener: "upstream of the soak", host: "127.0.0.1", port: 0, code })))
      })
    }),
    (origin) => Effect.sync(() => origin.close())
  )
