/**
 * Asks an address for its certificate: a TLS handshake over an ordinary socket, with the runtime's own checks of chain and
 * name.
 *
 * The address may be hostile. The caller limits the time. The libraries limit the size of a handshake (OpenSSL: 100 KiB of
 * certificates, rustls: 64 KiB a message). After the certificate the connection ends in order: what the address still sends is
 * discarded, and after one second or 64 KiB the connection is cut.
 */
import * as net from "node:net"
import * as tls from "node:tls"
import type { Address, Identity } from "../../core/model/Config.ts"
import type { DialFailure } from "../../core/model/Event.ts"
import type { Cancel } from "../../plane/ports/Transport.ts"
import { contextOf } from "./authorities.ts"
import { timerWheel } from "./timerWheel.ts"
import { dialling } from "./descriptors.ts"
import { ownHeader } from "./proxyHeaders.ts"
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
  dialling()
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

  // Both keep a listener for good: a late error must not end the process.
  socket.on("error", broken)
  socket.on("close", () => settle(isConnected ? "certificate" : "reset"))
  socket.once("connect", () => {
    if (answered) return
    try {
      const secureContext = contextOf(identity.ca)
      if (secureContext === undefined) return settle("local")
      isConnected = true
      connected()
      if (identity.header !== undefined) socket.write(ownHeader(identity.header))
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

/** Ends a connection that is no longer needed. */
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
