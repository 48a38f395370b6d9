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
import type { Cancel } from "../../plane/ports/Transport.ts"
import { UpstreamConnection } from "./UpstreamConnection.ts"

const SMALL = 4096
const LARGE = 65536

/** Small buffers of sockets that are gone, for those to come: thousands of short sessions a second would else be garbage. */
const spare: Array<Buffer> = []
const MOST_SPARE = 256

/** Gets a chunk and says whether to go on reading; `spent` when the chunk's memory may be used again. */
export type Sink = (chunk: Buffer) => { readonly more: boolean; readonly spent: boolean }

export class NodeUpstream extends UpstreamConnection<net.Socket> {
  #buffer: Buffer | undefined
  #grown = false
  #early: Array<Buffer> = []
  #earlyBytes = 0
  #sink: Sink | undefined

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

  /** Both sockets of the session are closed: nobody reads into the buffer or writes from it any more. */
  recycle(): void {
    const buffer = this.#buffer
    this.#buffer = undefined
    if (buffer !== undefined && !this.#grown && spare.length < MOST_SPARE) spare.push(buffer)
  }

  /** Hands what was held and what comes to `sink`. */
  take(sink: Sink): void {
    this.unpark()
    this.#sink = sink
    for (const chunk of this.#early) sink(chunk)
    this.#early = []
  }

  /** `onread` sees everything by itself. */
  protected override keepWaiting(): Cancel {
    return nothing
  }

  #hold(chunk: Buffer): boolean {
    this.#early.push(Buffer.from(chunk))
    this.#earlyBytes += chunk.length
    return this.#earlyBytes < SMALL
  }
}

function nothing(): void {}
