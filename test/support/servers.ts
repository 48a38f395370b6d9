/** Small servers on port 0, and waiting for a condition instead of sleeping. */
import * as net from "node:net"

export interface Server {
  readonly port: number
  readonly sockets: Set<net.Socket>
  readonly connections: () => number
  readonly stop: () => Promise<void>
}

export async function serve(onSocket: (socket: net.Socket) => void, port = 0, host = "127.0.0.1"): Promise<Server> {
  const sockets = new Set<net.Socket>()
  let connections = 0
  const server = net.createServer({ allowHalfOpen: true }, (socket) => {
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
    sockets,
    connections: () => connections,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      })
  }
}

/** Sends its name to each connection that sends data, then ends it. */
export const named = (name: string, port = 0) =>
  serve((socket) => {
    socket.once("data", () => socket.end(name))
    socket.on("end", () => socket.end())
  }, port)

/** Sends one request to a port; resolves with all that came back. */
export function ask(port: number, text = "?"): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ port, host: "127.0.0.1" }, () => socket.write(text))
    let answer = ""
    socket.setEncoding("utf8")
    socket.on("data", (chunk) => (answer += chunk))
    socket.on("error", reject)
    socket.on("end", () => resolve(answer))
  })
}

/** Polls until `holds` is true, or fails after `deadlineMs` with `what`. */
export async function until(what: string, holds: () => boolean, deadlineMs = 10_000): Promise<void> {
  const giveUp = performance.now() + deadlineMs
  while (!holds()) {
    if (performance.now() > giveUp) throw new Error(`still not true after ${deadlineMs} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
