/** Dials one literal address. */
import * as net from "node:net"
import type { Address } from "../../core/model/Config.ts"
import type { DialFailure } from "../../core/model/Event.ts"
import type { Cancel, UpstreamSocket } from "../../plane/ports/Transport.ts"
import { opened } from "./descriptors.ts"
import type { Hear } from "./UpstreamConnection.ts"
import { NodeUpstream } from "./NodeUpstream.ts"

/** `autoSelectFamily` is off: the address is a literal, and racing is the dial plan's business. */
export function dial(
  address: Address,
  keepAliveMs: number,
  answer: (result: UpstreamSocket | DialFailure) => void
): Cancel {
  const upstream = new NodeUpstream(keepAliveMs)
  const { host, port } = address
  return connecting(
    upstream,
    answer,
    () => net.connect({ host, port, allowHalfOpen: true, noDelay: true, autoSelectFamily: false, onread: upstream.onread })
  )
}

/** An upstream whose socket is still to come. */
interface Dialled<S extends net.Socket> extends UpstreamSocket {
  hear: Hear
  attach(socket: S): void
}

/** Answers once, with the upstream when its socket is connected or with why it is not; the cancel takes that back. */
export function connecting<S extends net.Socket>(
  upstream: Dialled<S>,
  answer: (result: UpstreamSocket | DialFailure) => void,
  connect: () => S
): Cancel {
  let answered = false
  const settle = (result: UpstreamSocket | DialFailure) => {
    if (answered) return
    answered = true
    upstream.hear = () => {}
    answer(result)
  }
  upstream.hear = (news, error) => {
    if (news === "connected") settle(upstream)
    else if (news === "failed") settle(failureOf(error?.code))
  }
  opened()
  const socket = connect()
  upstream.attach(socket)
  return () => {
    if (answered) return
    answered = true
    socket.destroy()
  }
}

/** The system's code as a reason. Running out of something here is no evidence about the candidate. */
export function failureOf(code: string | undefined): DialFailure {
  switch (code) {
    case "ECONNREFUSED":
      return "refused"
    case "ECONNRESET":
    case "EPIPE":
    case "ECONNABORTED":
      return "reset"
    case "ETIMEDOUT":
      return "timeout"
    case "EMFILE":
    case "ENFILE":
    case "ENOBUFS":
    case "ENOMEM":
    case "EADDRNOTAVAIL":
    case "EADDRINUSE":
    case "EACCES":
    case "EPERM":
      return "local"
    default:
      return "unreachable"
  }
}
