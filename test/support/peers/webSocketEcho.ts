/** A WebSocket server that sends each short text message back: as much of RFC 6455 as the tests of clients need. */
import { createHash } from "node:crypto"
import type * as http from "node:http"
import type { Duplex } from "node:stream"

const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
const TEXT = 0x81
const CLOSE = 0x88
const MASKED = 0x80
const HEAD_BYTES = 6

export function echoWebSocket(request: http.IncomingMessage, socket: Duplex): void {
  const key = createHash("sha1").update(`${request.headers["sec-websocket-key"]}${GUID}`).digest("base64")
  socket.on("error", () => {})
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${key}\r\n\r\n`
  )
  let pending = Buffer.alloc(0)
  socket.on("data", (chunk: Buffer) => {
    pending = Buffer.concat([pending, chunk])
    for (;;) {
      const length = (pending[1] ?? 0) & ~MASKED
      if (pending.length < HEAD_BYTES || pending.length < HEAD_BYTES + length) return
      const mask = pending.subarray(2, HEAD_BYTES)
      const payload = Buffer.from(pending.subarray(HEAD_BYTES, HEAD_BYTES + length))
      for (const [i, byte] of payload.entries()) payload[i] = byte ^ (mask[i % 4] as number)
      const kind = pending[0] === CLOSE ? CLOSE : TEXT
      socket.write(Buffer.from([kind, length, ...payload]))
      if (kind === CLOSE) return void socket.end()
      pending = pending.subarray(HEAD_BYTES + length)
    }
  })
}
