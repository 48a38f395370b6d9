/**
 * A socket to a candidate, with one set of listeners for its whole life. Its events go to the present owner: the dial, then the
 * warm pool, then the relay or a program. Otherwise each session would add and remove a dozen listeners.
 */
import type * as net from "node:net"
import type { Cancel, UpstreamSocket } from "../../plane/ports/Transport.ts"
import { timerWheel } from "./timerWheel.ts"
import { KEEP_ALIVE_FROM_MS } from "./upkeep.ts"

export type News = "connected" | "drained" | "ended" | "closed" | "failed"
export type Receive = (news: News, error?: NodeJS.ErrnoException) => void

export abstract class UpstreamConnection<S extends net.Socket> implements UpstreamSocket {
  socket!: S
  receive: Receive = ignore
  readonly #keepAliveMs: number
  #ended = false
  #stopWatching: Cancel | undefined

  constructor(keepAliveMs: number) {
    this.#keepAliveMs = keepAliveMs
  }

  /** What a warm socket needs beside a watch for its end. Returns the function that stops it. */
  protected abstract keepWaiting(): Cancel

  attach(socket: S): void {
    this.socket = socket
    socket.on("connect", () => this.receive("connected"))
    socket.on("drain", () => this.receive("drained"))
    socket.on("close", () => this.receive("closed"))
    socket.on("error", (error) => this.receive("failed", error))
    socket.on("end", () => {
      this.#ended = true
      this.receive("ended")
    })
  }

  /** The upstream has ended its side. */
  get hasEnded(): boolean {
    return this.#ended
  }

  watchUnsafe(lost: (reason: "closed" | "reset") => void): void {
    const stopWaiting = this.keepWaiting()
    const stopTimer = timerWheel(KEEP_ALIVE_FROM_MS, () => {
      if (this.#keepAliveMs > 0) this.socket.setKeepAlive(true, this.#keepAliveMs)
    })
    this.#stopWatching = () => {
      stopTimer()
      stopWaiting()
      this.receive = ignore
      this.#stopWatching = undefined
    }
    this.receive = (news) => {
      if (news === "drained") return
      this.stopWatching()
      lost(news === "failed" ? "reset" : "closed")
    }
  }

  /** The socket is not warm any more. Without effect where it was not. */
  stopWatching(): void {
    this.#stopWatching?.()
  }

  isAliveUnsafe(): boolean {
    return !this.#ended && !this.socket.destroyed && this.socket.writable
  }

  closeUnsafe(): void {
    this.stopWatching()
    this.socket.destroy()
  }
}

function ignore(): void {}
