/**
 * A socket for programs: an ordinary `net.Socket` that records when its first bytes came and went. TLS on both runtimes takes
 * over the handle below the socket and bypasses these methods; then the socket's byte counters have to do.
 */
import * as net from "node:net"
import { isAlert } from "./alert.ts"

export interface FirstBytes {
  readonly received: () => void
  readonly sent: (bytes: number) => void
}

export class PlainSocket extends net.Socket {
  /** Called once for the first bytes that came, and for each write. */
  firstBytes: FirstBytes | undefined
  hasReceived = false
  /** The program had ended its side when the upstream ended. */
  endedFirst = false
  /** The first bytes that came were an alert of TLS, and nothing followed. */
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
