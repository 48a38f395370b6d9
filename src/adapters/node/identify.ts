/**
 * Has an address show its certificate: a handshake of TLS over an ordinary socket, with the runtime's own checks of chain and name.
 *
 * Whoever is there may be hostile. Time is the caller's to bound; the libraries bound what a handshake may hold (OpenSSL 100 KiB of
 * certificates, rustls 64 KiB of a message). Once it has shown its certificate, the connection ends politely: what it still says
 * is thrown away, and after a second, or 64 KiB, it is cut.
 */
import * as net from "node:net"
import * as tls from "node:tls"
import type { Address, Identity } from "../../core/model/Config.ts"
import type { DialFailure } from "../../core/model/Event.ts"
import type { Cancel } from "../../plane/ports/Transport.ts"
import { contextOf } from "./authorities.ts"
import { timerWheel } from "./timerWheel.ts"
import { opened } from "./descriptors.ts"
import { failureOf } from "./dial.ts"

const LINGER_MS = 1_000
const MOST_THROWN_AWAY = 65_536

export function identify(
  { host, port }: Address,
  identity: Identity,
  connected: () => void,
  answer: (failure: DialFailure | null) => void
): Cancel {
  let answered = false
  let isConnected = false
  let secure: tls.TLSSocket | undefined
  opened()
  const socket = net.connect({ host, port, noDelay: true, autoSelectFamily: false })
  const drop = () => {
    secure?.destroy()
    socket.destroy()
  }
  const settle = (failure: DialFailure | null) => {
    if (answered) return
    answered = true
    if (failure === null && secure !== undefined) leave(secure, drop)
    else drop()
    answer(failure)
  }
  const broken = (error: NodeJS.ErrnoException) => settle(isConnected ? "certificate" : failureOf(error.code))

  // Both stay listened to for good: an error that comes late must not end the process.
  socket.on("error", broken)
  socket.on("close", () => settle(isConnected ? "certificate" : "reset"))
  socket.once("connect", () => {
    if (answered) return
    try {
      const secureContext = contextOf(identity.ca)
      if (secureContext === undefined) return settle("local")
      isConnected = true
      connected()
      secure = tls.connect({ socket, servername: identity.servername, rejectUnauthorized: true, secureContext })
    } catch {
      return settle("local")
    }
    secure.on("error", broken)
    secure.on("secureConnect", () => settle(null))
  })
  return () => {
    answered = true
    drop()
  }
}

/** Ends a connection on which nothing is wanted. */
function leave(secure: tls.TLSSocket, drop: () => void): void {
  let thrownAway = 0
  const stop = timerWheel(LINGER_MS, drop)
  secure.on("data", (chunk: Uint8Array) => {
    thrownAway += chunk.length
    if (thrownAway > MOST_THROWN_AWAY) drop()
  })
  secure.on("close", () => {
    stop()
    drop()
  })
  secure.end()
}
