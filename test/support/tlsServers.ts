/** Servers that show a certificate, and impostors that do not. */
import { Buffer } from "node:buffer"
import * as net from "node:net"
import * as tls from "node:tls"
import type { Identified } from "./certificates.ts"

export interface TlsServer {
  readonly port: number
  readonly stop: () => Promise<void>
  /** Connections of TCP. */
  readonly connections: () => number
  /** Handshakes that were completed, and how many of those connections ended politely. */
  readonly shaken: () => number
  readonly polite: () => number
  /** Connections that are still open. */
  readonly open: () => number
}

export interface Place {
  readonly host?: string
  readonly port?: number
  /** How long TLS waits once TCP is connected. */
  readonly waitMs?: number
}

/** Answers whoever sends something with its name. */
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

/** What somebody may be who answers on TCP. */
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
