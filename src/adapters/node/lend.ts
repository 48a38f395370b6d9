/**
 * Lends an upstream's socket to the program and watches it until it is closed. The program may do with it as it likes. Only
 * `session.idle` and `session.halfClose` end it, as they end every session.
 *
 * Where TLS has taken over the handle below the socket, the byte counters are read a few times a second until the first byte.
 * The moment of the first byte is late by as much.
 *
 * The program may say that the session failed, although bytes came: a wrong certificate, an answer that is an error. That is
 * told at once, and counts like an alert of TLS. Or it says that the end is no one's fault. The end of a session is told one turn of the event loop after the socket has
 * closed: what the program learns from the same event is then still in time.
 */
import type { Session } from "../../core/model/Config.ts"
import type { CloseCause } from "../../core/model/Event.ts"
import type { Cancel, RelayEnd, Silence } from "../../plane/ports/Transport.ts"
import { ALERT_BYTES } from "./alert.ts"
import { cut } from "./cut.ts"
import { timerWheel } from "./timerWheel.ts"
import type { PlainUpstream } from "./PlainUpstream.ts"
import type { ProgramClient } from "./ProgramClient.ts"
import { ownHeader } from "./proxyHeaders.ts"
import { OF_AN_ALERT } from "./relay.ts"
import { SilenceWatch } from "./silence.ts"
import { upkeep } from "./upkeep.ts"

const LOOK_MS = 50
const RESETS = new Set(["ECONNRESET", "EPIPE", "ETIMEDOUT"])

export function lend(
  client: ProgramClient,
  upstream: PlainUpstream,
  limits: Session,
  reports: Silence,
  end: (end: RelayEnd) => void
): Cancel {
  const socket = upstream.lend()
  const watch = new SilenceWatch(reports)
  let over = false
  let told = false
  let wasReset = false
  let sentBytes = 0

  const finish = (cause: CloseCause) => {
    if (over) return
    over = true
    stopUpkeep()
    const isAlerted = isRefused(socket) && OF_AN_ALERT.has(cause)
    tell(isAlerted ? "upstream-alert" : cause, false)
    if (!socket.destroyed) cut(socket)
  }

  const tell = (cause: CloseCause, hasFailed: boolean): boolean => {
    if (told) return false
    told = true
    stopLooking()
    look()
    watch.stop()
    socket.firstBytes = undefined
    const { bytesWritten: bytesUp, bytesRead: bytesDown } = socket
    const { level: silence } = watch
    const firstByteAtUs = hasFailed ? -1 : watch.firstByteAtUs
    // A first byte that the counters show says nothing about how long the answer took.
    const answerUs = socket.hasReceived && !hasFailed ? watch.answerUs : -1
    end({ cause, bytesUp, bytesDown, firstByteAtUs, answerUs, silence })
    return true
  }

  const look = () => {
    const { bytesWritten, bytesRead } = socket
    if (bytesWritten > sentBytes) sent(bytesWritten - sentBytes)
    if (bytesRead > 0 && !isRefused(socket)) watch.answered()
  }
  const sent = (bytes: number) => {
    sentBytes += bytes
    watch.sent(bytes)
  }
  const lookAgain = () => {
    look()
    if (watch.firstByteAtUs < 0) stopLooking = timerWheel(LOOK_MS, lookAgain)
  }
  let stopLooking = timerWheel(LOOK_MS, lookAgain)

  const stopUpkeep = upkeep({
    limits,
    moved: () => socket.bytesRead + socket.bytesWritten,
    isHalfClosed: () => socket.readableEnded || socket.writableEnded,
    lasts: () => {
      if (limits.keepAliveMs > 0) socket.setKeepAlive(true, limits.keepAliveMs)
    },
    over: finish
  })

  if (limits.header !== undefined) socket.write(ownHeader(limits.header))
  // As with `net.connect`, the upstream's end ends the program's side too.
  socket.allowHalfOpen = false
  socket.firstBytes = { received: () => watch.answered(), sent }
  if (socket.hasReceived) watch.answered()
  upstream.receive = (news, error) => {
    if (news === "failed") wasReset ||= RESETS.has(error?.code ?? "") && !hasLeft(socket)
    else if (news === "drained") watch.moved()
    else if (news === "closed") setImmediate(() => finish(wasReset ? "upstream-reset" : endOf(socket)))
  }
  client.receive(socket, () => tell("upstream-alert", true), () => tell("done", false))
  return () => finish("stopped")
}

/** A program that closes its socket has done nothing wrong, and neither has the upstream. */
function endOf({ readableEnded, endedFirst, bytesRead, bytesWritten }: PlainUpstream["socket"]): CloseCause {
  return readableEnded && !endedFirst && bytesWritten > 0 && bytesRead === 0 ? "upstream-closed" : "done"
}

/** All that came was an alert of TLS. Inside TLS only the counter shows that: nothing else is as short. */
function isRefused(socket: PlainUpstream["socket"]): boolean {
  return socket.isRefused || (!socket.hasReceived && socket.bytesRead > 0 && socket.bytesRead <= ALERT_BYTES)
}

/** The program had ended its side before an answer, so the upstream's end says nothing. */
function hasLeft({ writableEnded, bytesRead }: PlainUpstream["socket"]): boolean {
  return writableEnded && bytesRead === 0
}
