/** Test clients: a socket that keeps what came and how it ended, and bytes that can be checked. */
import { Buffer } from "node:buffer"
import { createHash } from "node:crypto"
import * as net from "node:net"
import { until } from "./servers.ts"

export interface Watched {
  readonly socket: net.Socket
  /** Bytes that came. */
  readonly bytes: () => number
  /** Digest of what came so far. */
  readonly digest: () => string
  readonly text: () => string
  /** The other side ended with FIN. */
  readonly ended: () => boolean
  /** The code of its error, such as ECONNRESET. */
  readonly error: () => string | undefined
  readonly closed: () => boolean
}

/** Watches a socket; it flows unless it is paused. */
export function watch(socket: net.Socket): Watched {
  const hash = createHash("sha256")
  const head: Array<Buffer> = []
  let bytes = 0
  let ended = false
  let closed = false
  let error: string | undefined
  socket.on("data", (chunk: Buffer) => {
    hash.update(chunk)
    if (bytes < 65_536) head.push(chunk)
    bytes += chunk.length
  })
  socket.on("end", () => (ended = true))
  socket.on("close", () => (closed = true))
  socket.on("error", (cause: NodeJS.ErrnoException) => (error = cause.code ?? cause.message))
  return {
    socket,
    bytes: () => bytes,
    digest: () => hash.copy().digest("hex"),
    text: () => Buffer.concat(head).toString(),
    ended: () => ended,
    error: () => error,
    closed: () => closed
  }
}

/** Connects a half-open client to a loopback port. */
export async function connect(port: number): Promise<Watched> {
  const socket = net.connect({ port, host: "127.0.0.1", allowHalfOpen: true })
  const watched = watch(socket)
  await until(`connected to ${port}`, () => !socket.connecting || watched.closed())
  return watched
}

/** `size` bytes in which every position differs from its neighbours and no block repeats soon. */
export function pattern(size: number, seed: number): Buffer {
  const buffer = Buffer.allocUnsafe(size)
  let value = seed | 1
  for (let i = 0; i < size; i++) {
    value = Math.imul(value ^ (value >>> 15), 0x2c1b3c6d) + i
    buffer[i] = value >>> 24
  }
  return buffer
}

export function digestOf(buffer: Buffer): string {
  return createHash("sha256").update(buffer).digest("hex")
}
