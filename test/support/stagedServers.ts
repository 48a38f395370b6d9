/** Servers for tests of TLS in stages, and the files and pins of their certificates. */
import { Buffer } from "node:buffer"
import { createHash, X509Certificate } from "node:crypto"
import * as fs from "node:fs"
import * as net from "node:net"
import * as path from "node:path"
import * as tls from "node:tls"
import type { Identified } from "./certificates.ts"
import { authority } from "./certificates.ts"

export const pinOf = ({ cert }: Identified): string => {
  const key = new X509Certificate(cert).publicKey.export({ type: "spki", format: "der" })
  return `sha256/${createHash("sha256").update(key).digest("base64")}`
}

/** A pin of no key that a test has. */
export const OTHER_PIN = `sha256/${Buffer.alloc(32, 7).toString("base64")}`

export function authorityFile(directory: string): string {
  const file = path.join(directory, "authority.pem")
  fs.writeFileSync(file, authority)
  return file
}

export interface StagedServer {
  readonly port: number
  readonly stop: () => Promise<void>
  /** The names in SNI of the ClientHellos, in order; "": none. */
  readonly names: ReadonlyArray<string>
  /** Bytes of the program, inside TLS. */
  readonly received: () => number
}

/** Answers each connection that sends data with its name. `certificateFor`: for the name in SNI. */
export async function stagedServer(
  certificateFor: (servername: string) => Identified,
  name: string,
  { host = "127.0.0.1", port = 0 } = {}
): Promise<StagedServer> {
  const names: Array<string> = []
  const sockets = new Set<net.Socket>()
  let received = 0
  const server = tls.createServer({
    ...certificateFor(""),
    SNICallback: (servername, done) => {
      names.push(servername)
      const { key, cert } = certificateFor(servername)
      done(null, tls.createSecureContext({ key, cert }))
    }
  }, (socket) => {
    socket.on("error", () => {})
    socket.on("data", (chunk: Uint8Array) => {
      received += chunk.length
      socket.end(name)
    })
  })
  server.on("tlsClientError", () => {})
  server.on("connection", (socket: net.Socket) => {
    sockets.add(socket)
    socket.on("error", () => {})
    socket.on("close", () => sockets.delete(socket))
  })
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject)
    server.listen(port, host, resolve)
  })
  return {
    port: (server.address() as net.AddressInfo).port,
    names,
    received: () => received,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      })
  }
}
