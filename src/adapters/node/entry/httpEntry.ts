/**
 * HTTP clients of a proxy port. The runtime's own server parses what they send, strictly: a head with two lengths, bare line feeds or
 * folded lines is answered with 400 and the connection ends. The server listens nowhere; it gets the accepted sockets.
 */
import { Buffer } from "node:buffer"
import * as http from "node:http"
import type * as net from "node:net"
import type { Duplex } from "node:stream"
import { hostTarget } from "../../../plane/Target.ts"
import type { Answer } from "./httpAnswers.ts"
import { BAD_REQUEST, closingAnswer, FAILURES, proxyStatus, TOO_LARGE } from "./httpAnswers.ts"
import type { HttpConnection } from "./HttpConnection.ts"
import { refusalOf, wishOf } from "./HttpConnection.ts"
import { lastWords } from "./lastWords.ts"
import { TunnelClient } from "./TunnelClient.ts"

const connections = new WeakMap<Duplex, HttpConnection>()
/** By the longest head that they take. */
const servers = new Map<number, http.Server>()

/** Serves an unread socket. */
export function serveHttp(connection: HttpConnection): void {
  const { socket, entry, left } = connection
  connections.set(socket, connection)
  socket.once("close", () => left())
  serverFor(entry.maxBytes).emit("connection", socket)
}

function serverFor(maxHeaderSize: number): http.Server {
  const known = servers.get(maxHeaderSize)
  if (known !== undefined) return known
  // The door limits the time of each head. A request and its answer may take as long as any session.
  const limits = { maxHeaderSize, headersTimeout: 0, requestTimeout: 0, keepAliveTimeout: 0, insecureHTTPParser: false }
  const server = http.createServer({ ...limits, noDelay: true })
  server.on("connect", (request, socket: net.Socket, head: Buffer) => tunnel(connections.get(socket), request, head))
  server.on("clientError", (error: NodeJS.ErrnoException, socket: Duplex) => malformed(connections.get(socket), error))
  servers.set(maxHeaderSize, server)
  return server
}

function tunnel(connection: HttpConnection | undefined, request: http.IncomingMessage, head: Buffer): void {
  if (connection === undefined) return request.socket.destroy() as never
  const { socket, door, left } = connection
  const wish = wishOf(request.url ?? "", 0)
  const refusal = refusalOf(connection, request, wish)
  if (refusal !== undefined || wish === undefined) return turnAway(connection, refusal ?? BAD_REQUEST)
  const client = new TunnelClient(socket, head, {
    success: (by) => `HTTP/1.1 200 Connection established\r\nProxy-Status: ${proxyStatus({ by })}\r\n\r\n`,
    failure: (reason) => closingAnswer(FAILURES[reason])
  }, () => leave())
  const leave = door.enterUnsafe(client, hostTarget(wish.host, wish.port), () => left())
}

function turnAway({ socket, left }: HttpConnection, answer: Answer): void {
  left(answer.status === 403 || answer.status === 407 ? "denied" : "malformed")
  lastWords(socket, closingAnswer(answer))
}

function malformed(connection: HttpConnection | undefined, { code }: NodeJS.ErrnoException): void {
  if (connection === undefined || connection.socket.writableEnded) return
  turnAway(connection, code === "HPE_HEADER_OVERFLOW" ? TOO_LARGE : BAD_REQUEST)
}
