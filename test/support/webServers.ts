/** HTTP servers on addresses of the loopback network, with and without TLS, that answer as told. */
import * as http from "node:http"
import * as http2 from "node:http2"
import * as https from "node:https"
import type * as net from "node:net"
import type { Buffer } from "node:buffer"
import type { Identified } from "./certificates.ts"

export interface Web {
  readonly host: string
  readonly port: number
  /** The numbers of TCP connections and of requests. */
  readonly connections: () => number
  readonly requests: () => number
  /** The number of handshakes of TLS that succeeded. */
  readonly tlsConnections: () => number
  readonly stop: () => Promise<void>
}

export type Answer = (request: http.IncomingMessage, response: http.ServerResponse) => void

export interface WebOptions {
  readonly host?: string
  readonly port?: number
  readonly tls?: Identified
  /** Servers that share them resume the sessions of each other. */
  readonly ticketKeys?: Buffer
  /** Whether TLS offers HTTP/2. */
  readonly h2?: boolean
  readonly answer?: Answer
}

/** Answers with its own address, and with the method and the body of the request. */
export const tellHost = (host: string): Answer => (request, response) => {
  let body = ""
  request.setEncoding("utf8")
  request.on("data", (chunk) => (body += chunk))
  request.on("end", () => response.end(`${host} ${request.method} ${request.url} ${body}`))
}

export async function serveWeb(
  { host = "127.0.0.1", port = 0, tls, ticketKeys, h2 = false, answer }: WebOptions = {}
): Promise<Web> {
  let connections = 0
  let requests = 0
  let tlsConnections = 0
  const sockets = new Set<net.Socket>()
  const answering = answer ?? tellHost(host)
  const onRequest: Answer = (request, response) => {
    requests++
    answering(request, response)
  }
  const server = tls === undefined
    ? http.createServer(onRequest)
    : h2
    ? http2.createSecureServer({ ...tls, allowHTTP1: true }, onRequest as never)
    : https.createServer({ ...tls, ...(ticketKeys === undefined ? {} : { ticketKeys }) }, onRequest)
  server.on("connection", (socket: net.Socket) => {
    connections++
    sockets.add(socket)
    socket.on("error", () => {}).on("close", () => sockets.delete(socket))
  })
  server.on("secureConnection", () => tlsConnections++)
  server.on("tlsClientError", () => {})
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject)
    server.listen(port, host, resolve)
  })
  return {
    host,
    port: (server.address() as net.AddressInfo).port,
    connections: () => connections,
    requests: () => requests,
    tlsConnections: () => tlsConnections,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      })
  }
}
