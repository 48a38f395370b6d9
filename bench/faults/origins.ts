/**
 * Servers for `bench:faults`, one on each address given. A client sends a request of the soak, whose answer has a digest and the
 * server's number. Each answer comes in two parts. Told lines `HOST MODE` on stdin, each acknowledged on stdout:
 *
 * - `ok`: answers. Streams that stood still go on.
 * - `refuse`: no server listens, and open connections are reset.
 * - `stall`, `reset`: no answer, or a reset instead of it.
 * - `pause`, `cut`: after the first part nothing, or a reset.
 */
import type { Buffer } from "node:buffer"
import type * as net from "node:net"
import process from "node:process"
import * as readline from "node:readline"
import { HEAD_BYTES, Incoming, isIntact, message } from "../../src/adapters/soak/exchange.ts"
import { Door } from "../lab/Door.ts"

export type Mode = "ok" | "refuse" | "stall" | "reset" | "pause" | "cut"

/** From the first part of an answer to the second one. */
const BETWEEN_MS = 10

const [portText, ...hosts] = process.argv.slice(2)

class Origin {
  readonly #index: number
  readonly #door: Door
  #mode: Mode = "ok"
  /** What waits until the server is well again. */
  readonly #paused = new Set<() => void>()

  constructor(host: string, index: number) {
    this.#index = index
    this.#door = new Door({ host, port: Number(portText), allowHalfOpen: true }, (socket) => this.#serve(socket))
  }

  async set(mode: Mode): Promise<void> {
    this.#mode = mode
    if (mode === "refuse") return await this.#door.close()
    await this.#door.open()
    if (mode !== "ok") return
    for (const goOn of this.#paused) goOn()
    this.#paused.clear()
  }

  #serve(socket: net.Socket): void {
    const incoming = new Incoming()
    let isAsked = false
    socket.on("data", (chunk: Buffer) => {
      if (!incoming.add(chunk) || isAsked) return
      isAsked = true
      this.#answer(socket, incoming)
    })
    socket.on("end", () => isAsked || socket.end())
  }

  #answer(socket: net.Socket, incoming: Incoming): void {
    if (this.#mode === "stall") return
    if (this.#mode === "reset") return void socket.resetAndDestroy()
    const arrived = isIntact(incoming.whole()) ? 1 : 0
    const { client, third: bodyBytes } = incoming.head ?? { client: 0, third: 0 }
    const text = message({ client, bodyBytes, third: this.#index, fourth: arrived })
    const half = HEAD_BYTES + (bodyBytes >>> 1)
    socket.write(text.subarray(0, half))
    setTimeout(() => {
      if (this.#mode === "cut") return void socket.resetAndDestroy()
      const goOn = () => void socket.end(text.subarray(half))
      if (this.#mode === "pause") this.#paused.add(goOn)
      else goOn()
    }, BETWEEN_MS)
  }
}

const origins = new Map(hosts.map((host, index) => [host, new Origin(host, index)]))
await Promise.all([...origins.values()].map((origin) => origin.set("ok")))
console.log("ready")
for await (const line of readline.createInterface({ input: process.stdin })) {
  const [host = "", mode] = line.split(" ")
  await origins.get(host)?.set(mode as Mode)
  console.log(line)
}
process.exit(0)
