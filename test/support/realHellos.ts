/** ClientHellos that TLS implementations write: the runtime's own, and OpenSSL's. */
import { spawn } from "node:child_process"
import { once } from "node:events"
import * as net from "node:net"
import * as tls from "node:tls"

/** A fatal alert: the client gives up, after it has written all that it had to. */
const ALERT = Uint8Array.of(21, 3, 3, 0, 2, 2, 40)

/** What one client writes before anything is answered. `connect` starts it for a port, and ends when the client has gone. */
async function captured(connect: (port: number) => Promise<unknown>): Promise<Uint8Array> {
  const chunks: Array<Buffer> = []
  const server = net.createServer((socket) => {
    socket.on("error", () => {})
    socket.on("data", (chunk) => {
      chunks.push(chunk)
      socket.write(ALERT)
    })
  })
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  const closed = new Promise<void>((done) => server.once("connection", (socket) => socket.once("close", () => done())))
  try {
    await connect((server.address() as net.AddressInfo).port)
    await closed
  } finally {
    server.close()
  }
  return Uint8Array.from(Buffer.concat(chunks))
}

export function runtimesHello(options: Pick<tls.ConnectionOptions, "servername" | "ALPNProtocols">): Promise<Uint8Array> {
  return captured((port) =>
    new Promise<void>((done) => {
      const socket = tls.connect({ ...options, host: "127.0.0.1", port, rejectUnauthorized: false })
      socket.on("error", () => {})
      socket.once("close", () => done())
    })
  )
}

export function opensslHello(...args: ReadonlyArray<string>): Promise<Uint8Array> {
  return captured(async (port) => {
    const child = spawn("openssl", ["s_client", "-connect", `127.0.0.1:${port}`, ...args], {
      stdio: ["ignore", "ignore", "ignore"]
    })
    await once(child, "close")
  })
}

/** Many names of protocols: about this many bytes. */
export const manyProtocols = (size: number): Array<string> =>
  Array.from({ length: Math.ceil(size / 100) }, (_, i) => `${i}`.padStart(99, "p"))
