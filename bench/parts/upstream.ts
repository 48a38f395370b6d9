/** The service behind: echoes on one port, sends as many bytes as it is told to on another, swallows on a third. */
import { Buffer } from "node:buffer"
import * as net from "node:net"
import { answer, usage } from "../support/child.ts"

const BLOCK = Buffer.alloc(256 * 1024, "fairlead ")

async function listen(onSocket: (socket: net.Socket) => void): Promise<number> {
  const server = net.createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    socket.on("error", () => {})
    onSocket(socket)
  })
  await new Promise<void>((resolve) => void server.listen({ port: 0, host: "127.0.0.1", backlog: 1024 }, resolve))
  return (server.address() as net.AddressInfo).port
}

function source(socket: net.Socket): void {
  socket.once("data", (asked) => {
    let left = Number(asked.toString())
    const send = () => {
      while (left > 0) {
        const block = left < BLOCK.length ? BLOCK.subarray(0, left) : BLOCK
        left -= block.length
        if (!socket.write(block)) return void socket.once("drain", send)
      }
      socket.end()
    }
    send()
  })
}

function sink(socket: net.Socket): void {
  let bytes = 0
  socket.on("data", (chunk) => (bytes += chunk.length))
  socket.on("end", () => socket.end(String(bytes)))
}

const ports = Promise.all([listen((socket) => void socket.pipe(socket)), listen(source), listen(sink)])

answer(async (question) => {
  const [echo, down, up] = await ports
  return question === "ports" ? { echo, down, up } : usage()
})
