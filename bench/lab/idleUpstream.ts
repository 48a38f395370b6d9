/**
 * HTTPS servers for the lab: one on each address given. Arguments: port, directory of the certificates, a text of JSON with the
 * time in ms after which each ends an idle connection (0: it ends each connection after its first answer), addresses.
 */
import * as fs from "node:fs"
import * as https from "node:https"
import * as path from "node:path"
import process from "node:process"

const [portText, directory = "", times = "[]", ...hosts] = process.argv.slice(2)
const closeAfterMs = JSON.parse(times) as ReadonlyArray<number>
const read = (name: string) => fs.readFileSync(path.join(directory, name))
const certificate = { key: read("good.key"), cert: read("good.pem") }

function serve(host: string, afterMs: number): Promise<void> {
  const timers = new WeakMap<object, NodeJS.Timeout>()
  const server = https.createServer(certificate, (request, response) => {
    const { socket } = request
    clearTimeout(timers.get(socket))
    request.resume().on("end", () => {
      if (afterMs === 0) response.shouldKeepAlive = false
      response.end("ok")
      if (afterMs > 0) timers.set(socket, setTimeout(() => socket.destroy(), afterMs))
    })
  })
  // No word of it in a header: clients have to find out.
  server.keepAliveTimeout = 0
  server.on("tlsClientError", () => {}).on("connection", (socket) => socket.on("error", () => {}))
  return new Promise((resolve) => server.listen(Number(portText), host, resolve))
}

await Promise.all(hosts.map((host, i) => serve(host, closeAfterMs[i] ?? 0)))
console.log("ready")
process.stdin.resume().on("end", () => process.exit(0))
