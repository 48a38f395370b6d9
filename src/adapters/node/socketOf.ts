/** The way into a dialled connection, for a transport that speaks over it before it answers: SOCKS, CONNECT, a preamble. */
import type * as net from "node:net"
import type { UpstreamSocket } from "../../plane/ports/Transport.ts"
import { UpstreamConnection } from "./UpstreamConnection.ts"

/** undefined: another transport made it. Bytes that are read from the socket are gone for the client. */
export function socketOf(upstream: UpstreamSocket): net.Socket | undefined {
  return upstream instanceof UpstreamConnection ? upstream.socket : undefined
}
