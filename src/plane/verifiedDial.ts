/**
 * A dial for a client to an address that has not proven its identity. A TLS handshake of our own cannot be undone on a
 * socket, so there are two sockets. The first has to show the certificate. The second is dialled as soon as the first is
 * connected, and becomes the client's once the certificate was shown. The client waits for the round trips of the proof, but
 * not for those of the second handshake.
 */
import type { Address, Identity } from "../core/model/Routes.ts"
import type { DialFailure } from "../core/model/Event.ts"
import type { Cancel, Dialler, UpstreamSocket } from "./ports/Transport.ts"

/** A connection without a byte on it, to an address that has shown the certificate. */
export interface Verified {
  readonly socket: UpstreamSocket
  /** Of the TCP handshake of the socket with the proof. */
  readonly tookUs: number
}

/** Gives exactly one answer, unless it is cancelled before. The cancel closes both sockets. The caller limits the time. */
export function dialVerifiedUnsafe(
  transport: Dialler,
  address: Address,
  identity: Identity,
  keepAliveMs: number,
  answer: (result: Verified | DialFailure) => void
): Cancel {
  const startedUs = transport.nowUs()
  let over = false
  let tookUs = -1
  let isProven = false
  let socket: UpstreamSocket | undefined
  let stopDial: Cancel = () => {}

  const fail = (reason: DialFailure) => {
    if (over) return
    cancel()
    answer(reason)
  }
  const proceed = () => {
    if (over || !isProven || socket === undefined) return
    over = true
    answer({ socket, tookUs })
  }
  const cancel = () => {
    if (over) return
    over = true
    stopCheck()
    stopDial()
    socket?.closeUnsafe()
  }
  const connected = () => {
    if (over) return
    tookUs = transport.nowUs() - startedUs
    stopDial = transport.dialUnsafe(address, keepAliveMs, (result) => {
      if (typeof result === "string") return fail(result)
      socket = result
      proceed()
    })
  }
  const stopCheck = transport.identifyUnsafe(address, identity, connected, (failure) => {
    if (failure !== null) return fail(failure)
    isProven = true
    proceed()
  })
  return cancel
}
