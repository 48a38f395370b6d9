/** Clients of listeners that name their targets, and the service that they talk to. */
import { Buffer } from "node:buffer"
import type * as net from "node:net"
import type { Json } from "../apps/keys/Row.ts"
import { fileOf } from "../apps/keys/Row.ts"
import type { Client, Service } from "../apps/keys/service.ts"
import { client, serving } from "../apps/keys/service.ts"
import { encryptedHello, extension, helloOf, serverName } from "./helloWriter.ts"
import { serve, until } from "./servers.ts"
import type { Server } from "./servers.ts"

/** A file with these listeners, and nothing that touches a disk. */
export const fileWith = (listeners: ReadonlyArray<Json>, rest: Json = {}): Json =>
  fileOf({ key: "listeners", beside: rest }, listeners.map((one, i) => ({ name: `l${i}`, listen: "127.0.0.1:0", ...one })))

/** Runs a service with one proxy listener, by default for all hosts and ports, beside an upstream that sends back what it gets. */
export const proxying = <A>(
  listener: Json,
  use: (service: Service, echo: Server) => Promise<A>,
  rest: Json = {}
): Promise<A> =>
  withEcho((echo) =>
    serving(
      fileWith([{ protocol: "proxy", allow: ["*:*"], ...listener }], { upstreams: {}, ...rest }),
      (service) => use(service, echo)
    )
  )

export async function withEcho<A>(use: (echo: Server) => Promise<A>): Promise<A> {
  const echo = await serve((socket) => {
    socket.on("data", (chunk) => socket.write(chunk))
    socket.on("end", () => socket.end())
  })
  try {
    return await use(echo)
  } finally {
    await echo.stop()
  }
}

/** An HTTP server that answers 204 once it has a whole request, and what it heard. */
export async function collecting(answer = "HTTP/1.1 204 No Content\r\n\r\n") {
  let heard = ""
  const server = await serve((socket) => {
    let own = ""
    socket.on("data", (chunk) => {
      own += String(chunk)
      heard += String(chunk)
      const body = /\r\n\r\n([^]*)$/.exec(own)?.[1]
      const isWhole = body !== undefined && (!/\r\ntransfer-encoding: chunked/i.test(own) || body.endsWith("0\r\n\r\n"))
      if (isWhole) socket.end(answer)
    })
  })
  return { ...server, heard: () => heard }
}

/** A client that ends its side once the service has ended the other. */
export async function leaving(port: number): Promise<Client> {
  const one = await client(port)
  one.socket.on("end", () => one.socket.end())
  return one
}

/** Sends bytes, and gives what came back once it matches or the connection is closed. */
export async function said(port: number, bytes: string | Uint8Array, wanted: RegExp = /\r\n\r\n/): Promise<string> {
  const { socket, heard, closed } = await leaving(port)
  socket.write(bytes)
  await until(`an answer that matches ${wanted}`, () => wanted.test(heard()) || closed())
  socket.destroy()
  return heard()
}

export const connectTo = (authority: string, headers = ""): string =>
  `CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n${headers}\r\n`

/** The status of the answer to a request; 0: there was none. */
export async function statusOf(port: number, request: string): Promise<number> {
  return Number(/^HTTP\/1\.1 (\d{3}) /.exec(await said(port, request))?.[1] ?? 0)
}

/** A ClientHello with this server name; empty: with none. */
export function hello(name: string, encrypted = false): Buffer {
  const extensions = [
    ...(name === "" ? [] : [serverName(name)]),
    ...(encrypted ? [encryptedHello(100)] : []),
    extension(0x2b, Uint8Array.of(2, 3, 4))
  ]
  return Buffer.from(helloOf({ sessionId: 32, suites: 3, extensions, recordBytes: 16_384 }))
}

/** Whether an upstream that sends everything back got these bytes untouched. */
export async function comesBack(port: number, bytes: Buffer): Promise<boolean> {
  const { socket, closed } = await leaving(port)
  const parts: Array<Buffer> = []
  socket.on("data", (chunk: Buffer) => parts.push(chunk))
  socket.write(bytes)
  const size = () => parts.reduce((sum, { length }) => sum + length, 0)
  await until("the bytes are back, or the connection is closed", () => size() >= bytes.length || closed())
  const same = Buffer.concat(parts).equals(bytes)
  socket.destroy()
  return same
}

/** Waits until a socket is closed, and gives how long that took in ms. */
export async function lasted(socket: net.Socket): Promise<number> {
  const began = performance.now()
  await until("it is closed", () => socket.closed)
  return performance.now() - began
}
