/**
 * Relay: joins a client and an upstream until both directions have ended.
 *
 * - The end of each side is passed on by itself, so a half-closed connection goes on in the other direction.
 * - Back-pressure works both ways. A reader that stops costs at most two socket buffers and one chunk.
 * - A reset is passed on as a reset.
 * - The cause names the side that ended the session. Where the client ended first and the upstream never sent a byte, the
 *   client did, whatever the upstream does then. Where the upstream ended first but took what the client still sent, the
 *   session went one way alone. An alert of TLS with nothing after it is no answer.
 * - A session ends after `idle` without a byte, and after `halfClose` once one direction has ended.
 */
import type { Buffer } from "node:buffer"
import type * as net from "node:net"
import type { Session } from "../../core/model/Config.ts"
import type { CloseCause } from "../../core/model/Event.ts"
import type { Cancel, RelayEnd, Silence } from "../../plane/ports/Transport.ts"
import { isAlert } from "./alert.ts"
import type { NodeClient } from "./NodeClient.ts"
import type { Receive } from "./UpstreamConnection.ts"
import type { Sink } from "./NodeUpstream.ts"
import { headerFor } from "./proxyHeaders.ts"
import { SilenceWatch } from "./silence.ts"
import { upkeep } from "./upkeep.ts"

/** The side of the candidate, for either kind of socket. */
export interface Far {
  readonly socket: net.Socket
  /** Receives the events of the socket. */
  receive: Receive
  /** The upstream has ended its side. */
  readonly hasEnded: boolean
  /** Passes the bytes kept so far, and all that follow, to `sink`. */
  take(sink: Sink): void
  /** Both sockets are closed. */
  recycle(): void
}

/** After an alert either side may end first, and the way it ends says nothing. */
export const OF_AN_ALERT: ReadonlySet<CloseCause> = new Set(["done", "client-reset", "upstream-reset", "upstream-closed"])
/** Chunks of at least this many bytes are freed as soon as they are written. */
const FREED_AT_ONCE = 16_384

export function relay(
  client: NodeClient,
  upstream: Far,
  limits: Session,
  reports: Silence,
  end: (end: RelayEnd) => void
): Cancel {
  const near = client.socket
  const far = upstream.socket
  let bytesUp = 0
  let bytesDown = 0
  const watch = new SilenceWatch(reports)
  let closed = 0
  let over = false
  let halfClosed = false
  let clientEnded = false
  let isRefused = false
  /**
   * Bytes that the client had sent when the upstream ended without an answer to a client that had not ended; -1: that did not
   * happen.
   */
  let unansweredBytes = -1

  const finish = (cause: CloseCause, politely = false) => {
    if (over) return
    over = true
    stopUpkeep()
    watch.stop()
    if (!politely) {
      if (!near.destroyed) near.resetAndDestroy()
      if (!far.destroyed) far.resetAndDestroy()
    }
    const { firstByteAtUs, answerUs, level } = watch
    const isAlerted = isRefused && OF_AN_ALERT.has(cause)
    end({ cause: isAlerted ? "upstream-alert" : cause, bytesUp, bytesDown, firstByteAtUs, answerUs, silence: level })
  }
  const onClosed = () => {
    if (++closed < 2) return
    upstream.recycle()
    finish(unansweredBytes > 0 && unansweredBytes === bytesUp ? "upstream-closed" : "done", true)
  }

  const stopUpkeep = upkeep({
    limits,
    moved: () => bytesUp + bytesDown,
    isHalfClosed: () => halfClosed,
    lasts: () => {
      if (limits.keepAliveMs <= 0) return
      near.setKeepAlive(true, limits.keepAliveMs)
      far.setKeepAlive(true, limits.keepAliveMs)
    },
    over: finish
  })

  if (near.destroyed || far.destroyed) {
    queueMicrotask(() => finish(near.destroyed ? "client-reset" : "upstream-reset"))
    return () => finish("stopped")
  }

  const onFarEnd = () => {
    if (bytesDown === 0 && !clientEnded) unansweredBytes = bytesUp
    watch.stop()
    halfClosed = true
    near.end()
  }
  near.on("error", () => finish("client-reset"))
  near.on("close", onClosed)

  const sent = (chunk: Buffer) => {
    bytesUp += chunk.length
    const { length } = chunk
    const more = length < FREED_AT_ONCE ? far.write(chunk) : far.write(chunk, () => free(chunk))
    watch.sent(length, more ? 0 : far.writableLength)
    return more
  }
  if (limits.header !== undefined) far.write(headerFor(limits.header, client.ends()))
  const early = client.takeEarly()
  if (early !== undefined) sent(early)
  near.on("data", (chunk: Buffer) => {
    if (!sent(chunk)) near.pause()
  })
  near.on("end", () => {
    halfClosed = true
    clientEnded = true
    far.end()
  })
  near.on("drain", () => far.resume())
  upstream.take((chunk) => {
    isRefused = bytesDown === 0 && isAlert(chunk)
    if (!isRefused) watch.answered()
    bytesDown += chunk.length
    const more = near.write(chunk)
    return { more, spent: near.writableLength === 0 }
  })
  upstream.receive = (news) => {
    if (news === "failed") finish(clientEnded && bytesDown === 0 ? "done" : "upstream-reset")
    else if (news === "closed") onClosed()
    else if (news === "drained") {
      watch.moved()
      near.resume()
    } else if (news === "ended") onFarEnd()
  }
  // The upstream may have ended while its socket was warm. Its end follows the bytes that were kept.
  if (upstream.hasEnded) onFarEnd()
  // Resumes a socket that stopped because it was full. Without effect on one that did not stop.
  far.resume()
  near.resume()

  return () => finish("stopped")
}

/**
 * Frees the memory of a chunk at once. An accepted socket reads into a new buffer each time. Thousands of them would make the
 * garbage collector walk the whole heap several times a second. Nothing else refers to the chunk.
 */
function free({ buffer, byteLength }: Buffer): void {
  if (byteLength === buffer.byteLength) (buffer as ArrayBuffer).transfer(0)
}
