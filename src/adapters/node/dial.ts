/** Dials one literal address. */
import * as net from "node:net"
import type { Address } from "../../core/model/Config.ts"
import type { DialFailure } from "../../core/model/Event.ts"
import type { Cancel, UpstreamSocket } from "../../shell/Transport.ts"
import { NodeUpstream } from "./NodeUpstream.ts"

/** `autoSelectFamily` is off: the address is a literal, and racing is the dial plan's business. */
export function dial(
  address: Address,
  keepAliveMs: number,
  answer: (result: UpstreamSocket | DialFailure) => void
): Cancel {
  const upstream = new NodeUpstream(keepAliveMs)
  const socket = net.connect({
    host: address.host,
    port: address.port,
    allowHalfOpen: true,
    noDelay: true,
    autoSelectFamily: false,
    onread: upstream.onread
  })
  upstream.socket = socket
  let answered = false
  const failed = (error: NodeJS.ErrnoException) => {
    if (answered) return
    answered = true
    answer(failureOf(error.code))
  }
  // Stays attached: an error after a cancel has nobody else to go to.
  socket.on("error", failed)
  socket.once("connect", () => {
    if (answered) return
    answered = true
    answer(upstream)
  })
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
