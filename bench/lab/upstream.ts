/**
 * Upstream servers for the lab: one on each address given, all in one process. A client sends a line; the server answers
 * with its address. Faults are switched by lines on stdin: `HOST ok|refuse|stall|reset`, each acknowledged on stdout.
 */
import type * as net from "node:net"
import process from "node:process"
import * as readline from "node:readline"
import { Door } from "./Door.ts"

type Mode = "ok" | "refuse" | "stall" | "reset"

const [portText, ...hosts] = process.argv.slice(2)
const port = Number(portText)

class Upstream {
  readonly #host: string
  readonly #door: Door
  #mode: Mode = "ok"
  /** Requests answered, as the server saw them. */
  served = 0

  constructor(host: string) {
    this.#host = host
    this.#door = new Door({ host, port, allowHalfOpen: true }, (socket) => this.#serve(socket))
  }

  async set(mode: Mode): Promise<void> {
    this.#mode = mode
    if (mode === "refuse") return await this.#door.close()
    await this.#door.open()
    // A server that works again answers none of the clients that it has left waiting.
    if (mode === "ok") { for (const socket of this.#door.sockets) if (!socket.readableFlowing) socket.destroy() }
  }

  #serve(socket: net.Socket): void {
    socket.on("data", () => {
      if (this.#mode === "stall") return
      if (this.#mode === "reset") return void socket.resetAndDestroy()
      this.served++
      socket.write(`${this.#host}\n`)
    })
    socket.on("end", () => socket.end())
  }
}

const upstreams = new Map(hosts.map((host) => [host, new Upstream(host)]))
await Promise.all([...upstreams.values()].map((upstream) => upstream.set("ok")))
console.log("ready")
for await (const line of readline.createInterface({ input: process.stdin })) {
  const [host = "", mode] = line.split(" ")
  if (host === "served") {
    console.log(JSON.stringify(Object.fromEntries([...upstreams].map(([name, { served }]) => [name, served]))))
    continue
  }
  await upstreams.get(host)?.set(mode as Mode)
  console.log(`${host} ${mode}`)
}
process.exit(0)
