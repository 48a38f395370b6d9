/**
 * A socket for programs: an ordinary `net.Socket` that knows when its first bytes came and went. TLS on Node and Deno takes over
 * what lies below it and goes past these two; then its counters of bytes have to do.
 */
import * as net from "node:net"
import { isAlert } from "./alert.ts"

export interface FirstBytes {
  readonly received: () => void
  readonly sent: (bytes: number) => void
}

export class PlainSocket extends net.Socket {
  /** Whom to tell: once of the first bytes that came, and of all that are sent. */
  firstBytes: FirstBytes | undefined
  hasReceived = false
  /** The program had ended its side when the other one ended. */
  endedFirst = false
  /** The first that came was an alert of TLS, and it is all that came. */
  isRefused = false

  override push(chunk: unknown, encoding?: BufferEncoding): boolean {
    if (chunk === null) this.endedFirst = this.writableEnded
    if (!this.hasReceived && chunk !== null) {
      const isFirst = !this.isRefused
      this.isRefused = isFirst && chunk instanceof Uint8Array && isAlert(chunk)
      if (!this.isRefused) {
        this.hasReceived = true
        this.firstBytes?.received()
      }
    }
    return super.push(chunk, encoding)
  }

  override _write(chunk: unknown, encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    this.firstBytes?.sent((chunk as Uint8Array).length)
    super._write(chunk, encoding, callback)
  }

  override _writev(
    chunks: Array<{ chunk: unknown; encoding: BufferEncoding }>,
    callback: (error?: Error | null) => void
  ): void {
    this.firstBytes?.sent(chunks.reduce((bytes, { chunk }) => bytes + (chunk as Uint8Array).length, 0))
    super._writev?.(chunks, callback)
  }
}
