/**
 * What a process measures while it starts: how long its first probes took, in ms, to three addresses on loopback, where a
 * handshake takes less than one. What is above that is the process itself, busy with its start. The bundle, as `npm start` and
 * `deno task start` run it, with the admin port, record and history.
 */
import { spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import * as fs from "node:fs"
import * as net from "node:net"
import * as os from "node:os"
import * as path from "node:path"
import process from "node:process"
import { setTimeout as pause } from "node:timers/promises"
import { binaryOf, ROOT } from "../test/support/command.ts"
import type { RuntimeName } from "../test/support/command.ts"
import { options, print } from "./support/report.ts"
import { interleaved } from "./support/rounds.ts"

const LIVES_MS = 1_500
const ADDRESSES = ["127.0.0.1", "127.0.0.2", "127.0.0.3"]

if (process.platform !== "linux") throw new Error("this bench needs several addresses on loopback: run it on Linux")
const { rounds, json } = options(5)
spawnSync(binaryOf("node"), [path.join(ROOT, "tools/build.ts")], { stdio: "inherit" })
const servers = ADDRESSES.map(() => net.createServer((socket) => socket.on("error", () => {}).resume()))
let port = 0
for (const [i, server] of servers.entries()) {
  await once(server.listen(port, ADDRESSES[i]), "listening")
  port = (server.address() as net.AddressInfo).port
}
const scratch = fs.mkdtempSync(path.join(os.tmpdir(), "fairlead-first-"))

/** One life of the command, and how long its first probes took. */
async function life(runtime: RuntimeName) {
  const directory = fs.mkdtempSync(path.join(scratch, "life-"))
  const log = path.join(directory, "log")
  const config = path.join(directory, "fairlead.yaml")
  fs.writeFileSync(
    config,
    `listeners: [{ name: web, listen: "127.0.0.1:0", upstream: web }]
upstreams: { web: { port: ${port}, candidates: ${JSON.stringify(ADDRESSES)} } }
admin: { listen: "127.0.0.1:0" }
eventLog: { path: ${log} }
history: { path: ${path.join(directory, "history.json")} }
`
  )
  const before = runtime === "deno" ? ["run", "-A"] : []
  const child = spawn(binaryOf(runtime), [...before, path.join(ROOT, "dist/bin/main.cjs"), "run", "--config", config], {
    cwd: ROOT,
    env: { ...process.env, NODE_COMPILE_CACHE: path.join(scratch, "cache") },
    stdio: "ignore"
  })
  const ended = once(child, "exit")
  await pause(LIVES_MS)
  process.kill(child.pid as number, "SIGTERM")
  await ended
  const lines = fs.readdirSync(log).filter((name) => name.endsWith(".ndjson")).sort()
    .flatMap((name) => fs.readFileSync(path.join(log, name), "utf8").split("\n"))
  const tookMs = lines.flatMap((line) => {
    const { event } = line.includes('"_tag":"ProbeSucceeded"') ? JSON.parse(line) : { event: undefined }
    return event === undefined ? [] : [event.tookUs / 1000 as number]
  }).slice(0, ADDRESSES.length)
  if (tookMs.length < ADDRESSES.length) throw new Error(`a process on ${runtime} measured ${tookMs.length} addresses`)
  return { "slowest ms": Math.max(...tookMs) }
}

try {
  const { results } = await interleaved(rounds, { node: () => life("node"), deno: () => life("deno") })
  const aimOf = (name: string) => ({
    what: `slowest of the first handshakes on ${name}, ms`,
    figure: results[name]?.["slowest ms"]?.median ?? Number.NaN,
    atMost: 50
  })
  print({
    bench: "first-handshakes",
    about: `the first probe of each of ${ADDRESSES.length} addresses on loopback, in a new process`,
    rounds,
    results,
    aims: [aimOf("node"), aimOf("deno")]
  }, json)
} finally {
  for (const server of servers) server.close()
  fs.rmSync(scratch, { recursive: true, force: true })
}
