/** A web server that ends idle connections without a word before, and answers with the number of the connection. */
import * as http from "node:http"
import * as https from "node:https"
import type * as net from "node:net"
import type { Identified } from "./certificates.ts"

export interface IdleServer {
  readonly port: number
  /** Connections that were accepted. */
  readonly connections: () => number
  /** Those that are open, by number. */
  readonly open: () => ReadonlyArray<number>
  /** `method number` of each request. */
  readonly requests: ReadonlyArray<string>
  /** Ends all connections that have answered and wait for a request. */
  readonly endIdle: () => void
  readonly stop: () => Promise<void>
}

export interface IdleServerOptions {
  readonly tls?: Identified
  /** What the header `Keep-Alive` says, in seconds. */
  readonly announceSeconds?: number
  /** Breaks the connection at a request instead of an answer. It is called with the number of requests on that connection. */
  readonly breaks?: (request: http.IncomingMessage, count: number) => boolean
}

export async function serveIdle(options: IdleServerOptions = {}): Promise<IdleServer> {
  const { tls, announceSeconds, breaks = () => false } = options
  const known = new Map<net.Socket, { readonly number: number; count: number; isIdle: boolean }>()
  const requests: Array<string> = []
  let connections = 0

  const answer = (request: http.IncomingMessage, response: http.ServerResponse) => {
    const { socket } = request
    const connection = known.get(socket)!
    connection.isIdle = false
    requests.push(`${request.method} ${connection.number}`)
    let body = ""
    request.setEncoding("utf8").on("data", (chunk) => (body += chunk)).on("end", () => {
      if (breaks(request, ++connection.count)) return void socket.destroy()
      if (announceSeconds !== undefined) response.setHeader("keep-alive", `timeout=${announceSeconds}`)
      response.end(`${connection.number} ${body}`)
      connection.isIdle = true
    })
  }
  const server = tls === undefined ? http.createServer(answer) : https.createServer({ ...tls }, answer)
  // Node's own way to end them, and its header.
  server.keepAliveTimeout = 0
  server.on(tls === undefined ? "connection" : "secureConnection", (socket: net.Socket) => {
    const connection = { number: ++connections, count: 0, isIdle: false }
    known.set(socket, connection)
    socket.on("error", () => {}).on("close", () => known.delete(socket))
  })
  server.on("tlsClientError", () => {})
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  return {
    port: (server.address() as net.AddressInfo).port,
    connections: () => connections,
    open: () => [...known.values()].map(({ number }) => number),
    requests,
    endIdle: () => {
      for (const [socket, { isIdle }] of known) if (isIdle) socket.end()
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const socket of known.keys()) socket.destroy()
      })
  }
}
