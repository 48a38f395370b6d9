/** A server that serves one connection at a time, as Python's http.server does: all are accepted, one is read, the others wait. */
import type * as net from "node:net"
import type { Server } from "./servers.ts"
import { serve } from "./servers.ts"

/** Which waiting connection is served when one has ended. */
export type Turn = "oldest" | "newest"

/** Answers a connection's first bytes and ends it; until it has ended, no other connection is read. */
export function serveOneAtATime(turn: Turn = "oldest"): Promise<Server> {
  const waiting: Array<net.Socket> = []
  let current: net.Socket | undefined
  const next = () => {
    current = turn === "oldest" ? waiting.shift() : waiting.pop()
    if (current === undefined) return
    const socket = current
    if (socket.destroyed) return next()
    socket.once("close", next)
    // The peer may have left before its turn.
    if (socket.readableEnded) return void socket.end()
    socket.once("data", () => socket.end("served"))
    socket.once("end", () => socket.end())
    socket.resume()
  }
  return serve((socket) => {
    socket.pause()
    waiting.push(socket)
    if (current === undefined) next()
  })
}
