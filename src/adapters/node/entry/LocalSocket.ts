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
  /** The peer is gone. This end fails as soon as what came before is read. */
  #isCutOff = false

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

  override read(size?: number): unknown {
    const bytes: unknown = super.read(size)
    if (this.#isCutOff) this.#cutOff()
    return bytes
  }

  /** The writer may use its memory again as soon as the write is done, so the bytes are copied. */
  override _write(chunk: Uint8Array, _encoding: BufferEncoding, done: Done): void {
    this.#pass(Buffer.from(chunk), done)
  }

  /** What an HTTP request wrote at once goes on at once: a server that ends early may refuse a second write before its answer is read. */
  override _writev(all: ReadonlyArray<{ readonly chunk: Uint8Array }>, done: Done): void {
    this.#pass(Buffer.concat(all.map(({ chunk }) => chunk)), done)
  }

  #pass(bytes: Buffer, done: Done): void {
    const peer = this.#peer
    if (peer.destroyed) return done(resetError())
    if (peer.push(bytes)) done()
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
    if (!isOver && !peer.destroyed) queueMicrotask(() => peer.#cutOff())
    done(error)
  }

  #cutOff(): void {
    this.#isCutOff = true
    if (this.readableLength === 0) this.destroy(resetError())
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
