/**
 * A connection to a candidate for a program that embeds Fairlead. It is an ordinary socket: HTTP clients and TLS hang over a
 * socket with `onread`.
 *
 * A warm socket is read, because an unread greeting would hide its end. When it is taken, the bytes are put back. From 4 KiB on
 * the reading stops, so a socket keeps at most one socket buffer. Then its end shows only after it is taken.
 */
import { Buffer } from "node:buffer"
import type { Cancel } from "../../plane/ports/Transport.ts"
import { UpstreamConnection } from "./UpstreamConnection.ts"
import type { Sink } from "./NodeUpstream.ts"
import type { PlainSocket } from "./PlainSocket.ts"

const MOST_KEPT = 4096

export class PlainUpstream extends UpstreamConnection<PlainSocket> {
  #early: Array<Buffer> = []

  protected override keepWaiting(): Cancel {
    const { socket } = this
    let keptBytes = 0
    const onReadable = () => {
      if (keptBytes >= MOST_KEPT) return
      const chunk: Buffer | null = socket.read()
      if (chunk === null) return
      keptBytes += chunk.length
      this.#early.push(chunk)
    }
    socket.on("readable", onReadable)
    return () => void socket.off("readable", onReadable)
  }

  /** The socket as if it had just been connected. The bytes that came meanwhile are still to be read. */
  lend(): PlainSocket {
    this.stopWatching()
    const early = this.#early.splice(0)
    if (early.length > 0) this.socket.unshift(Buffer.concat(early))
    return this.socket
  }

  /** Passes the bytes kept so far, and all that follow, to `sink`, for a client of a listener. */
  take(sink: Sink): void {
    const socket = this.lend()
    socket.on("data", (chunk: Buffer) => {
      if (!sink(chunk).more) socket.pause()
    })
  }

  /** The runtime owns the buffers of this socket. */
  recycle(): void {}
}
