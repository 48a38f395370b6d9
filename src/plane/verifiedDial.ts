/**
 * A dial for a client to an address of which nobody knows yet who that is. TLS of one's own cannot be taken back from a socket, so
 * there are two: one is asked for the certificate, the other, dialled as soon as the first is connected, is the client's once that
 * was shown. That costs the client the round trips of the proof, and not those of the second handshake.
 */
import type { Address, Identity } from "../core/model/Routes.ts"
import type { DialFailure } from "../core/model/Event.ts"
import type { Cancel, Transport, UpstreamSocket } from "./ports/Transport.ts"

/** Somebody who has shown the certificate, and a connection to it without a byte on it. */
export interface Verified {
  readonly socket: UpstreamSocket
  /** Of the handshake of TCP that was asked for the certificate. */
  readonly tookUs: number
}

/** Exactly one answer, unless cancelled before; the cancel closes both sockets. How long it may take is the caller's business. */
export function dialVerifiedUnsafe(
  transport: Transport["Service"],
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
