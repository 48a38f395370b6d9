/** Ends a connection to a client so that the client reads what it is told, even if it is still sending. */
import type * as net from "node:net"
import { timerWheel } from "../timerWheel.ts"

/** A client that neither reads nor ends is not waited for any longer. */
const LINGER_MS = 2_000

export function lastWords(socket: net.Socket, bytes: Uint8Array | string): void {
  if (socket.destroyed) return
  // Unread bytes would turn the end into a reset, which takes the words away from the client.
  socket.resume()
  socket.end(bytes)
  const stop = timerWheel(LINGER_MS, () => socket.destroy())
  socket.once("end", () => socket.destroySoon())
  socket.once("close", stop)
}
