/**
 * A socket for programs: an ordinary `net.Socket` that knows when its first bytes came and went. TLS on Node and Deno takes over
 * what lies below it and goes past these two; then its counters of bytes have to do.
 */
import * as net from "node:net"

export interface FirstBytes {
  readonly received: () => void
  readonly sent: () => void
}

export class PlainSocket extends net.Socket {
  /** Whom to tell; each is told once. */
  firstBytes: FirstBytes | undefined
  hasReceived = false
  /** The program had ended its side when the other one ended. */
  endedFirst = false
  #hasSent = false

  override push(chunk: unknown, encoding?: BufferEncoding): boolean {
    if (chunk === null) this.endedFirst = this.writableEnded
    if (!this.hasReceived && chunk !== null) {
      this.hasReceived = true
      this.firstBytes?.received()
    }
    return super.push(chunk, encoding)
  }

  override _write(chunk: unknown, encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    this.#sends()
    super._write(chunk, encoding, callback)
  }

  override _writev(
    chunks: Array<{ chunk: unknown; encoding: BufferEncoding }>,
    callback: (error?: Error | null) => void
  ): void {
    this.#sends()
    super._writev?.(chunks, callback)
  }

  #sends(): void {
    if (this.#hasSent) return
    this.#hasSent = true
    this.firstBytes?.sent()
  }
}
