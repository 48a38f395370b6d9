/**
 * TLS servers for the lab: one on each address given, all in one process. A client sends a line; the server answers with its
 * address. Faults are switched by lines on stdin: `HOST ok|refuse|stall|reset|impostor`, each acknowledged on stdout: it
 * refuses, takes connections and is silent, resets them on the first byte, or shows a certificate that nobody signed.
 */
import * as fs from "node:fs"
import * as net from "node:net"
import * as path from "node:path"
import process from "node:process"
import * as readline from "node:readline"
import * as tls from "node:tls"

type Mode = "ok" | "refuse" | "stall" | "reset" | "impostor"

const [portText, directory = "", ...hosts] = process.argv.slice(2)
const port = Number(portText)

/** Speaks TLS on whatever is handed to it. */
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
  readonly #host: string
  readonly #sockets = new Set<net.Socket>()
  #server: net.Server | undefined
  #mode: Mode = "ok"

  constructor(host: string) {
    this.#host = host
  }

  async set(mode: Mode): Promise<void> {
    this.#mode = mode
    if (mode !== "ok") { for (const socket of this.#sockets) socket.resetAndDestroy() }
    if (mode === "refuse") return await this.#stop()
    if (this.#server === undefined) await this.#start()
  }

  #serve(socket: net.Socket): void {
    this.#sockets.add(socket)
    socket.setNoDelay(true)
    socket.on("error", () => {})
    socket.on("close", () => this.#sockets.delete(socket))
    if (this.#mode === "ok") good.emit("connection", socket)
    else if (this.#mode === "impostor") impostor.emit("connection", socket)
    else if (this.#mode === "reset") socket.once("data", () => socket.resetAndDestroy())
    else socket.resume()
  }

  #start(): Promise<void> {
    const server = net.createServer((socket) => this.#serve(socket))
    this.#server = server
    return new Promise((resolve, reject) => {
      server.once("error", reject)
      server.listen({ host: this.#host, port, backlog: 1024 }, resolve)
    })
  }

  async #stop(): Promise<void> {
    const server = this.#server
    this.#server = undefined
    if (server !== undefined) await new Promise((resolve) => server.close(resolve))
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
