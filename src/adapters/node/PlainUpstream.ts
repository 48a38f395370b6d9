/**
 * A connection to a candidate for a program that embeds: an ordinary socket, as HTTP clients and TLS want one (over a socket
 * with `onread` they hang).
 *
 * While it waits it is read, as an unread greeting would hide its end; what came is put back when it is taken. From 4 KiB on
 * reading stops, so it holds at most what a socket buffers, and then its end is seen by whoever takes it.
 */
import { Buffer } from "node:buffer"
import type { UpstreamSocket } from "../../shell/Transport.ts"
import { coarse } from "./coarse.ts"
import type { Hear, Sink } from "./NodeUpstream.ts"
import type { PlainSocket } from "./PlainSocket.ts"
import { KEEP_ALIVE_FROM_MS } from "./upkeep.ts"

const MOST_HELD = 4096

export class PlainUpstream implements UpstreamSocket {
  socket!: PlainSocket
  hear: Hear = hearNothing
  readonly #keepAliveMs: number
  #held: Array<Buffer> = []
  #ended = false
  #unpark: (() => void) | undefined

  constructor(keepAliveMs: number) {
    this.#keepAliveMs = keepAliveMs
  }

  attach(socket: PlainSocket): void {
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

  get hasEnded(): boolean {
    return this.#ended
  }

  readonly parkUnsafe = (lost: (reason: "closed" | "reset") => void): void => {
    const { socket } = this
    let heldBytes = 0
    const onReadable = () => {
      if (heldBytes >= MOST_HELD) return
      const chunk: Buffer | null = socket.read()
      if (chunk === null) return
      heldBytes += chunk.length
      this.#held.push(chunk)
    }
    socket.on("readable", onReadable)
    const stopWaiting = coarse(KEEP_ALIVE_FROM_MS, () => {
      if (this.#keepAliveMs > 0) socket.setKeepAlive(true, this.#keepAliveMs)
    })
    this.#unpark = () => {
      stopWaiting()
      socket.off("readable", onReadable)
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

  /** The socket as if it had just been connected, with what has come meanwhile still to be read. */
  lend(): PlainSocket {
    this.#unpark?.()
    const held = this.#held.splice(0)
    if (held.length > 0) this.socket.unshift(Buffer.concat(held))
    return this.socket
  }

  /** Hands what was held and what comes to `sink`, for a client that came by a listener. */
  take(sink: Sink): void {
    const socket = this.lend()
    socket.on("data", (chunk: Buffer) => {
      if (!sink(chunk).more) socket.pause()
    })
  }

  /** Its buffers are the runtime's own. */
  recycle(): void {}

  readonly closeUnsafe = (): void => {
    this.#unpark?.()
    this.socket.destroy()
  }
}

function hearNothing(): void {}
