/**
 * Two ends of a connection within this process: what is written to one is read from the other. One end is a client of the data plane,
 * the other one is what an HTTP request writes to. It has what the relay and HTTP clients call on a socket.
 */
import { Buffer } from "node:buffer"
import { Duplex } from "node:stream"

type Done = (error?: Error | null) => void

export class LocalSocket extends Duplex {
  #peer!: LocalSocket
  /** The peer's write that waits until this end is read. */
  #waiting: Done | undefined

  static pair(): readonly [LocalSocket, LocalSocket] {
    const [one, other] = [new LocalSocket(), new LocalSocket()]
    one.#peer = other
    other.#peer = one
    return [one, other]
  }

  override _read(): void {
    const waiting = this.#waiting
    this.#waiting = undefined
    waiting?.()
  }

  /** The writer may use its memory again as soon as the write is done, so the bytes are copied. */
  override _write(chunk: Uint8Array, _encoding: BufferEncoding, done: Done): void {
    const peer = this.#peer
    if (peer.destroyed) return done(resetError())
    if (peer.push(Buffer.from(chunk))) done()
    else peer.#waiting = done
  }

  override _final(done: Done): void {
    if (!this.#peer.destroyed) this.#peer.push(null)
    done()
  }

  override _destroy(error: Error | null, done: Done): void {
    const waiting = this.#waiting
    this.#waiting = undefined
    waiting?.(resetError())
    const peer = this.#peer
    const isOver = this.readableEnded && this.writableFinished
    if (!isOver && !peer.destroyed) queueMicrotask(() => peer.destroy(resetError()))
    done(error)
  }

  resetAndDestroy(): this {
    this.destroy()
    return this
  }

  destroySoon(): void {
    this.end()
  }

  setKeepAlive(): this {
    return this
  }

  setNoDelay(): this {
    return this
  }

  setTimeout(): this {
    return this
  }

  ref(): this {
    return this
  }

  unref(): this {
    return this
  }
}

function resetError(): Error {
  return Object.assign(new Error("the other end was reset"), { code: "ECONNRESET" })
}
