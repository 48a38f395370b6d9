/**
 * TLS servers for the lab: one on each address given, all in one process. A client sends a line; the server answers with its
 * address. Faults are switched by lines on stdin: `HOST ok|refuse|stall|reset|impostor`, each acknowledged on stdout: it
 * refuses, takes connections and is silent, resets them on the first byte, or shows a certificate that is not trusted.
 */
import * as fs from "node:fs"
import type * as net from "node:net"
import * as path from "node:path"
import process from "node:process"
import * as readline from "node:readline"
import * as tls from "node:tls"
import { Door } from "./Door.ts"

type Mode = "ok" | "refuse" | "stall" | "reset" | "impostor"

const [portText, directory = "", ...hosts] = process.argv.slice(2)
const port = Number(portText)

/** Speaks TLS on any connection that it is given. */
function speaker(certificate: "good" | "false"): tls.Server {
  const read = (ending: string) => fs.readFileSync(path.join(directory, `${certificate}.${ending}`))
  const server = tls.createServer({ key: read("key"), cert: read("pem") }, (socket) => {
    socket.on("error", () => {})
    socket.on("data", () => socket.write(`${socket.localAddress}\n`))
    socket.on("end", () => socket.end())
  })
  return server.on("tlsClientError", () => {})
}

const good = speaker("good")
const impostor = speaker("false")

class Upstream {
  readonly #door: Door
  #mode: Mode = "ok"

  constructor(host: string) {
    this.#door = new Door({ host, port }, (socket) => this.#serve(socket))
  }

  async set(mode: Mode): Promise<void> {
    this.#mode = mode
    if (mode !== "ok") this.#door.reset()
    return mode === "refuse" ? await this.#door.close() : await this.#door.open()
  }

  #serve(socket: net.Socket): void {
    if (this.#mode === "ok") good.emit("connection", socket)
    else if (this.#mode === "impostor") impostor.emit("connection", socket)
    else if (this.#mode === "reset") socket.once("data", () => socket.resetAndDestroy())
    else socket.resume()
  }
}

const upstreams = new Map(hosts.map((host) => [host, new Upstream(host)]))
await Promise.all([...upstreams.values()].map((upstream) => upstream.set("ok")))
console.log("ready")
for await (const line of readline.createInterface({ input: process.stdin })) {
  const [host = "", mode] = line.split(" ")
  await upstreams.get(host)?.set(mode as Mode)
  console.log(`${host} ${mode}`)
}
process.exit(0)
