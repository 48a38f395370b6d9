/**
 * A connection to a candidate, dialled with `onread`.
 *
 * - `onread` with a buffer of our own saves one allocation for each read. On both runtimes it alone sees every end of a warm
 *   socket.
 * - Until the socket is taken, it keeps up to 4 KiB from the upstream for the client. A read that exceeds this is kept as well,
 *   and stops the reading.
 * - Never call `pause()` on a warm socket: Deno then hides its end.
 * - A buffer starts small, because most short connections never fill it. The first full read brings a large one. The large
 *   buffer is used again once the kernel has taken all that was written from it. Otherwise the stream still needs it, and
 *   another one is made.
 */
import { Buffer } from "node:buffer"
import type * as net from "node:net"
import type { Cancel } from "../../plane/ports/Transport.ts"
import { UpstreamConnection } from "./UpstreamConnection.ts"

const SMALL = 4096
const LARGE = 65536

/**
 * Small buffers of closed sockets, for new sockets. Thousands of short sessions a second would otherwise leave them to the
 * garbage collector.
 */
const spare: Array<Buffer> = []
const MOST_SPARE = 256

/** Takes a chunk. `more`: reading may go on. `spent`: the memory of the chunk may be used again. */
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
      if (this.#sink === undefined) return this.#keep(chunk)
      const { more, spent } = this.#sink(chunk)
      if (bytes === buffer.length && !this.#grown) {
        this.#grown = true
        this.#buffer = undefined
      } else if (!spent) this.#buffer = undefined
      return more
    }
  }

  /** Both sockets of the session are closed, so nothing reads into the buffer or writes from it any more. */
  recycle(): void {
    const buffer = this.#buffer
    this.#buffer = undefined
    if (buffer !== undefined && !this.#grown && spare.length < MOST_SPARE) spare.push(buffer)
  }

  /** Passes the bytes kept so far, and all that follow, to `sink`. */
  take(sink: Sink): void {
    this.stopWatching()
    this.#sink = sink
    for (const chunk of this.#early) sink(chunk)
    this.#early = []
  }

  /** `onread` sees each event by itself. */
  protected override keepWaiting(): Cancel {
    return nothing
  }

  #keep(chunk: Buffer): boolean {
    this.#early.push(Buffer.from(chunk))
    this.#earlyBytes += chunk.length
    return this.#earlyBytes < SMALL
  }
}

function nothing(): void {}
