/**
 * What clients and a supervisor see of a service from the moment on at which it listens: a client at once and then each half
 * second, each of which sends a line and waits for the first byte, and a look at /readyz each 20 ms. Told the port of a listener, the admin
 * port and for how long, it prints one document.
 */
import * as net from "node:net"
import process from "node:process"
import type { Seen } from "./clients.ts"

const [portText, adminText, secondsText] = process.argv.slice(2)
const port = Number(portText)
const seconds = Number(secondsText)
const CLIENTS_EACH_MS = 500
const LOOK_EACH_MS = 20
const TIMEOUT_MS = 25_000

export interface FirstServed {
  /** `startedMs` from listening on. */
  readonly clients: ReadonlyArray<Seen>
  /** When /readyz said 200 first; infinite: never. */
  readonly readyMs: number | null
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** A connection as soon as there is a listener. */
async function firstConnection(): Promise<net.Socket> {
  while (true) {
    const socket = net.connect({ host: "127.0.0.1", port, noDelay: true })
    const isOpen = await new Promise<boolean>((resolve) =>
      socket.once("connect", () => resolve(true)).once("error", () => resolve(false))
    )
    if (isOpen) return socket.removeAllListeners("error")
    await pause(2)
  }
}

function served(socket: net.Socket, startedMs: number, sinceMs: number): Promise<Seen> {
  return new Promise((resolve) => {
    const end = (by: string, failure: string) => {
      clearTimeout(timer)
      socket.destroy()
      resolve({ startedMs, firstByteMs: performance.now() - sinceMs - startedMs, by, failure })
    }
    const timer = setTimeout(() => end("", "timeout"), TIMEOUT_MS)
    socket.once("data", (chunk) => end(String(chunk).trim(), ""))
    socket.on("error", (error: NodeJS.ErrnoException) => end("", error.code ?? error.message))
    socket.once("end", () => end("", "closed"))
    socket.write("?\n")
  })
}

async function readyAfter(sinceMs: number): Promise<number | null> {
  while (performance.now() - sinceMs < seconds * 1000) {
    const isReady = await fetch(`http://127.0.0.1:${adminText}/readyz`).then(
      async (answer) => (await answer.text(), answer.status === 200),
      () => false
    )
    if (isReady) return performance.now() - sinceMs
    await pause(LOOK_EACH_MS)
  }
  return null
}

const first = await firstConnection()
const sinceMs = performance.now()
const ready = readyAfter(sinceMs)
const clients = [served(first, 0, sinceMs)]
for (let i = 1; i * CLIENTS_EACH_MS < seconds * 1000; i++) {
  await pause(Math.max(0, sinceMs + i * CLIENTS_EACH_MS - performance.now()))
  const socket = net.connect({ host: "127.0.0.1", port, noDelay: true })
  clients.push(served(socket, performance.now() - sinceMs, sinceMs))
}
const seen: FirstServed = { clients: await Promise.all(clients), readyMs: await ready }
// A pipe takes a long text in parts.
process.stdout.write(JSON.stringify(seen), () => process.exit(0))
