/** Servers with a certificate, and impostors without one. */
import { Buffer } from "node:buffer"
import * as net from "node:net"
import * as tls from "node:tls"
import type { Identified } from "./certificates.ts"

export interface TlsServer {
  readonly port: number
  readonly stop: () => Promise<void>
  /** The number of TCP connections. */
  readonly connections: () => number
  /** The number of completed handshakes, and of those connections that ended with FIN. */
  readonly shaken: () => number
  readonly polite: () => number
  /** The number of open connections. */
  readonly open: () => number
}

export interface Place {
  readonly host?: string
  readonly port?: number
  /** The delay of TLS after TCP has connected. */
  readonly waitMs?: number
}

/** A TLS server that answers each connection that sends data with its name. */
export async function serveTls({ key, cert }: Identified, name = "good", { waitMs = 0, ...place }: Place = {}) {
  let shaken = 0
  let polite = 0
  const secure = tls.createServer({ key, cert }, (socket) => {
    shaken++
    socket.on("error", () => {})
    socket.on("data", () => socket.end(name))
    socket.on("end", () => {
      polite++
      socket.end()
    })
  })
  secure.on("tlsClientError", () => {})
  const server = await listening((socket) => {
    if (waitMs === 0) return void secure.emit("connection", socket)
    setTimeout(() => void secure.emit("connection", socket), waitMs)
  }, place)
  return { ...server, shaken: () => shaken, polite: () => polite }
}

/** Impostors that accept TCP, by what they do. */
export const impostors: Readonly<Record<string, (socket: net.Socket) => void>> = {
  "echoes what it gets": (socket) => void socket.pipe(socket),
  "ends at once": (socket) => void socket.resume().end(),
  "resets on the first byte": (socket) => void socket.once("data", () => socket.resetAndDestroy()),
  "speaks another protocol": (socket) => void socket.resume().write("220 mail.example ESMTP\r\n"),
  "sends garbage without end": (socket) => {
    const garbage = Buffer.alloc(65_536, 0x41)
    const more = () => {
      while (!socket.destroyed && socket.write(garbage));
    }
    socket.on("drain", more)
    more()
  },
  "claims a record and sends one byte of it now and then": (socket) => {
    socket.write(Buffer.from([0x16, 0x03, 0x03, 0x40, 0x00]))
    const timer = setInterval(() => socket.write(Buffer.from([0x02])), 10)
    socket.resume().on("close", () => clearInterval(timer))
  },
  "is silent": (socket) => void socket.resume()
}

export async function listening(onSocket: (socket: net.Socket) => void, { host = "127.0.0.1", port = 0 }: Place = {}) {
  const sockets = new Set<net.Socket>()
  let connections = 0
  const server = net.createServer((socket) => {
    connections++
    sockets.add(socket)
    socket.on("error", () => {})
    socket.on("close", () => sockets.delete(socket))
    onSocket(socket)
  })
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject)
    server.listen(port, host, resolve)
  })
  return {
    port: (server.address() as net.AddressInfo).port,
    connections: () => connections,
    open: () => sockets.size,
    stop: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      })
  }
}
