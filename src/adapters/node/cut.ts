/** Closes a program's socket at once, with a reset where that can be. */
import type * as net from "node:net"
import { PlainSocket } from "./PlainSocket.ts"

/**
 * Where TLS has taken over the handle and is ending the connection, a reset fails. The HTTP client above would hear of it as the
 * error of a request that is over. So such a socket is closed without a reset.
 */
export function cut(socket: net.Socket): void {
  const isUnderTls = socket instanceof PlainSocket && !socket.hasReceived && socket.bytesRead > 0
  if (isUnderTls) socket.destroy()
  else socket.resetAndDestroy()
}
