/** A port on loopback, 127.0.0.1 or all of it, that answers no connection: a stopped process whose queue of connections is full. */
import * as Effect from "effect/Effect"
import { spawn } from "node:child_process"
import * as net from "node:net"
import process from "node:process"
import { until } from "./servers.ts"

const LISTEN = `
import * as net from "node:net"
import process from "node:process"
const server = net.createServer()
server.listen({ port: 0, host: process.env.LISTEN_HOST, backlog: 1 }, () => console.log(server.address().port))
`

/** The port; it closes with its scope. */
const blackHoleOf = (host: string) =>
  Effect.acquireRelease(Effect.promise(() => open(host)), ({ close }) => Effect.sync(close))
    .pipe(Effect.map(({ port }) => port))
export const blackHole = blackHoleOf("127.0.0.1")
/** The same on every address of loopback. */
export const blackHoles = blackHoleOf("0.0.0.0")

async function open(host: string) {
  const isDeno = "deno" in process.versions
  const script = `data:text/javascript,${encodeURIComponent(LISTEN)}`
  const args = isDeno ? ["run", "-A", script] : ["--input-type=module", "-e", LISTEN]
  const child = spawn(process.execPath, args, {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, LISTEN_HOST: host }
  })
  let printed = ""
  child.stdout.on("data", (chunk) => (printed += chunk))
  await until("the child listens", () => printed.endsWith("\n"))
  const port = Number(printed)
  process.kill(child.pid as number, "SIGSTOP")

  let connected = 0
  const fillers = Array.from({ length: 8 }, () => {
    const socket = net.connect({ port, host: "127.0.0.1" }, () => connected++)
    return socket.on("error", () => {})
  })
  // Loopback connects within microseconds, so a connection that waits after a fifth of a second has found the queue full.
  let since = performance.now()
  let last = -1
  await until("the queue is full", () => {
    if (connected !== last) since = performance.now()
    last = connected
    return connected > 0 && connected < fillers.length && performance.now() - since > 200
  })
  const close = () => {
    for (const socket of fillers) socket.destroy()
    process.kill(child.pid as number, "SIGKILL")
  }
  return { port, close }
}
