/**
 * HTTP clients of a proxy port. The runtime's own server parses what they send, strictly: a head with two lengths, bare line feeds or
 * folded lines is answered with 400 and the connection ends. The server listens nowhere; it gets the accepted sockets.
 */
import type { Buffer } from "node:buffer"
import * as http from "node:http"
import type { Duplex } from "node:stream"
import type { Connection } from "./Connection.ts"
import { BAD_REQUEST, NOT_FOUND, TOO_LARGE } from "./httpAnswers.ts"
import { forward, judged, tell } from "./httpRequest.ts"
import { serveTunnel, turnAway } from "./httpTunnel.ts"
import { upgrade } from "./httpUpgrade.ts"
import { lastWords } from "./lastWords.ts"
import { ownPage } from "./ownPages.ts"

interface HttpConnection extends Connection {
  /** Requests that have no whole answer yet. */
  open: number
}

const connections = new WeakMap<Duplex, HttpConnection>()
/** By the longest head that they take. */
const servers = new Map<number, http.Server>()

/** Serves an unread socket. */
export function serveHttp(connection: Connection): void {
  const { socket, entry, left } = connection
  connections.set(socket, { ...connection, open: 0 })
  socket.once("close", () => left())
  serverFor(entry.maxBytes).emit("connection", socket)
}

function serverFor(maxHeaderSize: number): http.Server {
  const known = servers.get(maxHeaderSize)
  if (known !== undefined) return known
  // The door limits the time of each head. A request and its answer may take as long as any session.
  const limits = { maxHeaderSize, headersTimeout: 0, requestTimeout: 0, keepAliveTimeout: 0, insecureHTTPParser: false }
  const server = http.createServer({ ...limits, noDelay: true })
  // Deno ends a connection after one answer where the server does not listen.
  Object.defineProperty(server, "listening", { value: true })
  const of = (socket: Duplex, use: (connection: HttpConnection) => void) => {
    const connection = connections.get(socket)
    if (connection === undefined) socket.destroy()
    else use(connection)
  }
  const requested = (request: http.IncomingMessage, response: http.ServerResponse) =>
    of(request.socket, (connection) => serveRequest(connection, request, response))
  server.on("request", requested)
  server.on("checkContinue", requested)
  server.on("checkExpectation", requested)
  server.on("connect", (request, socket, head) => of(socket, (connection) => serveConnect(connection, request, head)))
  server.on("upgrade", (request, socket, head) => of(socket, (connection) => serveUpgrade(connection, request, head)))
  server.on(
    "clientError",
    (error: NodeJS.ErrnoException, socket) => of(socket, (connection) => malformed(connection, error))
  )
  servers.set(maxHeaderSize, server)
  return server
}

function serveRequest(connection: HttpConnection, request: http.IncomingMessage, response: http.ServerResponse): void {
  connection.open++
  const over = () => {
    connection.open--
    if (connection.open === 0 && !connection.door.nextUnsafe()) lastWords(connection.socket, "")
  }
  const judgement = /^[/*]/.test(request.url ?? "") ? undefined : judged(connection, request)
  if (judgement !== undefined && !("status" in judgement)) return forward(connection, request, response, judgement, over)
  response.once("close", over)
  request.resume()
  if (judgement !== undefined) return tell(response, judgement)
  const page = ownPage(connection, request)
  if (page === undefined) return tell(response, NOT_FOUND)
  response.writeHead(200, { "Content-Type": page.type })
  response.end(page.text)
}

function serveUpgrade(connection: Connection, request: http.IncomingMessage, head: Buffer): void {
  const hasBody = request.headers["content-length"] !== undefined || request.headers["transfer-encoding"] !== undefined
  const judgement = hasBody ? BAD_REQUEST : judged(connection, request)
  if ("status" in judgement) return turnAway(connection, judgement)
  upgrade(connection, request, head, judgement)
}

function serveConnect(connection: Connection, { url = "", headers }: http.IncomingMessage, early: Buffer): void {
  serveTunnel(connection, { authority: url, credentials: headers["proxy-authorization"], early })
}

function malformed(connection: Connection, { code }: NodeJS.ErrnoException): void {
  if (connection.socket.writableEnded) return
  turnAway(connection, code === "HPE_HEADER_OVERFLOW" ? TOO_LARGE : BAD_REQUEST)
}
