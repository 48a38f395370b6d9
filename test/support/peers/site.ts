/**
 * The servers that real clients reach through the proxy port, as one process on Node whatever runs the tests. It prints one line of
 * JSON with its ports, and ends when its input ends. `site.ts FOLDER`: what the folder has under `git`, `npm` and `pypi`.
 */
import * as http from "node:http"
import * as http2 from "node:http2"
import * as net from "node:net"
import process from "node:process"
import { good } from "../certificates.ts"
import { page } from "./browserPage.ts"
import { gitBackend } from "./gitBackend.ts"
import { npmRegistry, pythonIndex } from "./registries.ts"
import { echoWebSocket } from "./webSocketEcho.ts"

export interface SitePorts {
  readonly http: number
  readonly https: number
  /** Answers each connection with its own first bytes, and ends it. */
  readonly echo: number
}

const [folder = "."] = process.argv.slice(2)

let connections = 0
const answer = (request: http.IncomingMessage, response: http.ServerResponse, secure: boolean) => {
  const path = (request.url ?? "/").split("?", 1)[0] as string
  const host = (request.headers[":authority"] as string | undefined) ?? request.headers.host ?? ""
  const base = `${secure ? "https" : "http"}://${host}`
  const text = (status: number, body: string, type = "text/plain") => {
    response.writeHead(status, { "content-type": type, "content-length": Buffer.byteLength(body) })
    response.end(body)
  }
  if (path.startsWith("/git/")) return gitBackend(folder, request, response)
  if (path.startsWith("/npm/")) return npmRegistry(folder, path.slice(5), `${base}/npm`, response)
  if (path.startsWith("/pypi/")) return pythonIndex(folder, path.slice(6), response)
  if (path === "/connections") return text(200, String(connections))
  if (path === "/headers") return text(200, JSON.stringify(request.headers), "application/json")
  const shown = page(path)
  if (shown !== undefined) return text(200, shown.body, shown.type)
  if (path !== "/body") return text(200, `hello from ${host.split(":", 1)[0]}\n`)
  let bytes = 0
  request.on("data", (chunk: Buffer) => (bytes += chunk.length))
  request.on("end", () => text(200, `${request.method} ${bytes} bytes\n`))
}

const plain = http.createServer((request, response) => void answer(request, response, false))
const secure = http2.createSecureServer({ ...good, allowHTTP1: true }, (request, response) =>
  // The two kinds of requests and responses have the same methods here.
  void answer(request as unknown as http.IncomingMessage, response as unknown as http.ServerResponse, true))
const echo = net.createServer((socket) => {
  socket.on("error", () => {})
  socket.once("data", (chunk) => socket.end(chunk))
})
for (const server of [plain, secure]) {
  server.on("connection", () => connections++)
  server.on("upgrade", echoWebSocket)
  server.on("error", () => {})
}
secure.on("sessionError", () => {})
const listening = (server: net.Server) =>
  new Promise<number>((resolve) => server.listen(0, "127.0.0.1", () => resolve((server.address() as net.AddressInfo).port)))

const ports: SitePorts = {
  http: await listening(plain),
  https: await listening(secure),
  echo: await listening(echo)
}
process.stdout.write(`${JSON.stringify(ports)}\n`)
process.stdin.resume().on("end", () => process.exit(0))
