/** Dials one IP literal. */
import * as net from "node:net"
import type { Address } from "../../core/model/Config.ts"
import type { DialFailure } from "../../core/model/Event.ts"
import type { Cancel, UpstreamSocket } from "../../plane/ports/Transport.ts"
import { dialling } from "./descriptors.ts"
import type { Version } from "./proxyHeaders.ts"
import { ownHeader } from "./proxyHeaders.ts"
import type { Receive } from "./UpstreamConnection.ts"
import { NodeUpstream } from "./NodeUpstream.ts"

/** `autoSelectFamily` is off, because the address is a literal and the dial plan does the racing. */
export function dial(
  address: Address & { readonly header?: Version },
  keepAliveMs: number,
  answer: (result: UpstreamSocket | DialFailure) => void
): Cancel {
  const upstream = new NodeUpstream(keepAliveMs)
  const { host, port, header } = address
  return connecting(
    upstream,
    header === undefined ? answer : (result) => {
      if (typeof result !== "string") upstream.socket.write(ownHeader(header))
      answer(result)
    },
    () => net.connect({ host, port, allowHalfOpen: true, noDelay: true, autoSelectFamily: false, onread: upstream.onread })
  )
}

/** An upstream before its socket is connected. */
interface Dialled<S extends net.Socket> extends UpstreamSocket {
  receive: Receive
  attach(socket: S): void
}

/**
 * Calls back once: with the upstream when its socket is connected, or with the failure. The returned function cancels the dial.
 */
export function connecting<S extends net.Socket>(
  upstream: Dialled<S>,
  answer: (result: UpstreamSocket | DialFailure) => void,
  connect: () => S
): Cancel {
  let answered = false
  const settle = (result: UpstreamSocket | DialFailure) => {
    if (answered) return
    answered = true
    upstream.receive = () => {}
    answer(result)
  }
  upstream.receive = (news, error) => {
    if (news === "connected") settle(upstream)
    else if (news === "failed") settle(failureOf(error?.code))
  }
  dialling()
  const socket = connect()
  upstream.attach(socket)
  return () => {
    if (answered) return
    answered = true
    socket.destroy()
  }
}

/** The system's code as a reason. A shortage on this machine is no evidence about the candidate. */
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
