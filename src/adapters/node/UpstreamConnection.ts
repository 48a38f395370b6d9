/**
 * A socket to a candidate, listened to once and for good: whoever has it (the dial, then the shelf, then the relay or a
 * program) hears of it. Each session would else add and remove a dozen listeners.
 */
import type * as net from "node:net"
import type { Cancel, UpstreamSocket } from "../../plane/ports/Transport.ts"
import { timerWheel } from "./timerWheel.ts"
import { KEEP_ALIVE_FROM_MS } from "./upkeep.ts"

export type News = "connected" | "drained" | "ended" | "closed" | "failed"
export type Hear = (news: News, error?: NodeJS.ErrnoException) => void

export abstract class UpstreamConnection<S extends net.Socket> implements UpstreamSocket {
  socket!: S
  hear: Hear = hearNothing
  readonly #keepAliveMs: number
  #ended = false
  #unpark: Cancel | undefined

  constructor(keepAliveMs: number) {
    this.#keepAliveMs = keepAliveMs
  }

  /** What is to be done while it waits, beside hearing of its end; gives what ends that. */
  protected abstract keepWaiting(): Cancel

  attach(socket: S): void {
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

  watchUnsafe(lost: (reason: "closed" | "reset") => void): void {
    const stopWaiting = this.keepWaiting()
    const stopTimer = timerWheel(KEEP_ALIVE_FROM_MS, () => {
      if (this.#keepAliveMs > 0) this.socket.setKeepAlive(true, this.#keepAliveMs)
    })
    this.#unpark = () => {
      stopTimer()
      stopWaiting()
      this.hear = hearNothing
      this.#unpark = undefined
    }
    this.hear = (news) => {
      if (news === "drained") return
      this.unpark()
      lost(news === "failed" ? "reset" : "closed")
    }
  }

  /** It waits no more; harmless when it did not. */
  unpark(): void {
    this.#unpark?.()
  }

  isAliveUnsafe(): boolean {
    return !this.#ended && !this.socket.destroyed && this.socket.writable
  }

  closeUnsafe(): void {
    this.unpark()
    this.socket.destroy()
  }
}

function hearNothing(): void {}
