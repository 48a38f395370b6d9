/**
 * HTTPS servers for the lab: one on each address given, all in one process. `/` is answered with the address, `/stream` with
 * pieces of a kibibyte over a second. Faults are switched by lines on stdin: `HOST ok|refuse|stall|reset|fail`, each
 * acknowledged on stdout: it refuses, takes connections and is silent from now on, resets, or answers 503.
 */
import * as fs from "node:fs"
import type * as http from "node:http"
import * as https from "node:https"
import * as path from "node:path"
import process from "node:process"
import * as readline from "node:readline"
import { Door } from "./Door.ts"

type Mode = "ok" | "refuse" | "stall" | "reset" | "fail"

const PIECES = 10
const PIECE_EVERY_MS = 100
const PIECE = "x".repeat(1024)

const [portText, directory = "", ...hosts] = process.argv.slice(2)
const read = (name: string) => fs.readFileSync(path.join(directory, name))

class Upstream {
  readonly #host: string
  readonly #door: Door
  readonly #speaker: https.Server
  #mode: Mode = "ok"

  constructor(host: string) {
    this.#host = host
    this.#speaker = https.createServer({ key: read("good.key"), cert: read("good.pem") }, (request, response) => {
      this.#answer(request, response)
    })
    this.#speaker.on("tlsClientError", () => {})
    this.#speaker.keepAliveTimeout = 60_000
    this.#door = new Door({ host, port: Number(portText) }, (socket) => {
      if (this.#mode === "stall") socket.resume()
      else if (this.#mode === "reset") socket.once("data", () => socket.resetAndDestroy())
      else this.#speaker.emit("connection", socket)
    })
  }

  async set(mode: Mode): Promise<void> {
    const had = this.#mode
    this.#mode = mode
    // A server that works again has lost what it left waiting.
    if (mode === "reset" || mode === "refuse" || had === "stall") this.#door.reset()
    return mode === "refuse" ? await this.#door.close() : await this.#door.open()
  }

  #answer({ url }: http.IncomingMessage, response: http.ServerResponse): void {
    if (this.#mode === "stall") return
    response.setHeader("by", this.#host)
    if (this.#mode === "fail") return void response.writeHead(503).end()
    if (url !== "/stream") return void response.end(this.#host)
    let pieces = 0
    const timer = setInterval(() => {
      if (this.#mode === "stall") return
      if (++pieces < PIECES) return void response.write(PIECE)
      clearInterval(timer)
      response.end(PIECE)
    }, PIECE_EVERY_MS)
    response.on("close", () => clearInterval(timer))
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
