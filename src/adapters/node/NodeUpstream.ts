/**
 * A connection to a candidate, dialled with `onread`.
 *
 * `onread` with a buffer of our own spares an allocation per read, and it alone sees every death of a socket that waits,
 * on Node and on Deno. Until the socket is taken, up to 4 KiB of what the upstream says are kept for the client; a read
 * that would exceed that is kept as well and stops the reading. Never `pause()` a waiting socket: Deno then hides its end.
 *
 * Buffers start small, as most short connections never fill them; a full read earns a large one. A large buffer is used
 * again as soon as the kernel has taken everything that was written from it, else the stream holds it and a new one is
 * drawn.
 */
import { Buffer } from "node:buffer"
import type * as net from "node:net"
import type { UpstreamSocket } from "../../shell/Transport.ts"
import { coarse } from "./coarse.ts"
import { KEEP_ALIVE_FROM_MS } from "./upkeep.ts"

const SMALL = 4096
const LARGE = 65536

/** Small buffers of sockets that are gone, for those to come: thousands of short sessions a second would else be garbage. */
const spare: Array<Buffer> = []
const MOST_SPARE = 256

/** What happens to the socket, told to whoever has it: the dial, then the shelf, then the relay. */
export type News = "connected" | "drained" | "ended" | "closed" | "failed"
export type Hear = (news: News, error?: NodeJS.ErrnoException) => void

/** Gets a chunk and says whether to go on reading; `spent` when the chunk's memory may be used again. */
export type Sink = (chunk: Buffer) => { readonly more: boolean; readonly spent: boolean }

export class NodeUpstream implements UpstreamSocket {
  socket!: net.Socket
  hear: Hear = hearNothing
  #buffer: Buffer | undefined
  #grown = false
  #held: Array<Buffer> = []
  #heldBytes = 0
  #sink: Sink | undefined
  #ended = false
  #unpark: (() => void) | undefined
  readonly #keepAliveMs: number

  constructor(keepAliveMs: number) {
    this.#keepAliveMs = keepAliveMs
  }

  readonly onread = {
    buffer: (): Uint8Array => {
      this.#buffer ??= this.#grown ? Buffer.allocUnsafeSlow(LARGE) : spare.pop() ?? Buffer.allocUnsafeSlow(SMALL)
      return this.#buffer
    },
    callback: (bytes: number, _buffer: Uint8Array): boolean => {
      const buffer = this.#buffer as Buffer
      const chunk = buffer.subarray(0, bytes)
      if (this.#sink === undefined) return this.#hold(chunk)
      const { more, spent } = this.#sink(chunk)
      if (bytes === buffer.length && !this.#grown) {
        this.#grown = true
        this.#buffer = undefined
      } else if (!spent) this.#buffer = undefined
      return more
    }
  }

  /** Listens to the socket, once and for good: each session would else add and remove a dozen listeners. */
  attach(socket: net.Socket): void {
    this.socket = socket
    socket.on("connect", () => this.hear("connected"))
    socket.on("drain", () => this.hear("drained"))
    socket.on("close", () => this.hear("closed"))
    socket.on("error", (error) => this.hear("failed", error))
    socket.on("end", () => {
      this.#ended = true
      this.hear("ended")
    })
  }

  /** The upstream has said all it had to say. */
  get hasEnded(): boolean {
    return this.#ended
  }

  /** Both sockets of the session are closed: nobody reads into the buffer or writes from it any more. */
  recycle(): void {
    const buffer = this.#buffer
    this.#buffer = undefined
    if (buffer !== undefined && !this.#grown && spare.length < MOST_SPARE) spare.push(buffer)
  }

  readonly parkUnsafe = (lost: (reason: "closed" | "reset") => void): void => {
    const stopWaiting = coarse(KEEP_ALIVE_FROM_MS, () => {
      if (this.#keepAliveMs > 0) this.socket.setKeepAlive(true, this.#keepAliveMs)
    })
    this.#unpark = () => {
      stopWaiting()
      this.hear = hearNothing
      this.#unpark = undefined
    }
    this.hear = (news) => {
      if (news === "drained") return
      this.#unpark?.()
      lost(news === "failed" ? "reset" : "closed")
    }
  }

  readonly isAliveUnsafe = (): boolean => !this.#ended && !this.socket.destroyed && this.socket.writable

  /** Hands what was held and what comes to `sink`. */
  take(sink: Sink): void {
    this.#unpark?.()
    this.#sink = sink
    for (const chunk of this.#held) sink(chunk)
    this.#held = []
  }

  readonly closeUnsafe = (): void => {
    this.#unpark?.()
    this.socket.destroy()
  }

  #hold(chunk: Buffer): boolean {
    this.#held.push(Buffer.from(chunk))
    this.#heldBytes += chunk.length
    return this.#heldBytes < SMALL
  }
}

function hearNothing(): void {}
