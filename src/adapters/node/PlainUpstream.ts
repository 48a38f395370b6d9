/**
 * A connection to a candidate for a program that embeds: an ordinary socket, as HTTP clients and TLS want one (over a socket
 * with `onread` they hang).
 *
 * While it waits it is read, as an unread greeting would hide its end; what came is put back when it is taken. From 4 KiB on
 * reading stops, so it holds at most what a socket buffers, and then its end is seen by whoever takes it.
 */
import { Buffer } from "node:buffer"
import type { Cancel } from "../../plane/ports/Transport.ts"
import { UpstreamConnection } from "./UpstreamConnection.ts"
import type { Sink } from "./NodeUpstream.ts"
import type { PlainSocket } from "./PlainSocket.ts"

const MOST_HELD = 4096

export class PlainUpstream extends UpstreamConnection<PlainSocket> {
  #early: Array<Buffer> = []

  protected override keepWaiting(): Cancel {
    const { socket } = this
    let heldBytes = 0
    const onReadable = () => {
      if (heldBytes >= MOST_HELD) return
      const chunk: Buffer | null = socket.read()
      if (chunk === null) return
      heldBytes += chunk.length
      this.#early.push(chunk)
    }
    socket.on("readable", onReadable)
    return () => void socket.off("readable", onReadable)
  }

  /** The socket as if it had just been connected, with what has come meanwhile still to be read. */
  lend(): PlainSocket {
    this.unpark()
    const early = this.#early.splice(0)
    if (early.length > 0) this.socket.unshift(Buffer.concat(early))
    return this.socket
  }

  /** Hands what was held and what comes to `sink`, for a client that came by a listener. */
  take(sink: Sink): void {
    const socket = this.lend()
    socket.on("data", (chunk: Buffer) => {
      if (!sink(chunk).more) socket.pause()
    })
  }

  /** Its buffers are the runtime's own. */
  recycle(): void {}
}
