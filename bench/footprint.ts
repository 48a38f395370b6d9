/**
 * What the command costs before its first client and after many: time from start to listening, resident memory when idle, and
 * both memory and CPU after many short connections. The bundle as `npm start` and `deno task start` run it stands beside the
 * sources, and on Node beside a bare pipe loop. The admin port, metrics, record and history are on, as by default.
 */
import { spawn, spawnSync } from "node:child_process"
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import process from "node:process"
import { parseArgs } from "node:util"
import { binaryOf, ROOT } from "../test/support/command.ts"
import type { RuntimeName } from "../test/support/command.ts"
import { start } from "./support/child.ts"
import { print } from "./support/report.ts"
import { interleaved } from "./support/rounds.ts"

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "5" },
    connections: { type: "string", default: "50000" },
    idle: { type: "string", default: "20" },
    /** Runs the bundle on Node with these V8 flags as well. */
    flags: { type: "string" },
    /** Runs only the contenders with names that contain this. */
    only: { type: "string", default: "" },
    json: { type: "boolean", default: false }
  }
})
const CONNECTIONS = Number(values.connections)
const IDLE_MS = Number(values.idle) * 1_000
/** A clock tick of /proc in µs, as Linux has it everywhere. */
const TICK_US = 10_000

if (process.platform !== "linux") throw new Error("this bench reads /proc: run it on Linux")
spawnSync(binaryOf("node"), [path.join(ROOT, "tools/build.ts")], { stdio: "inherit" })

const upstream = start("upstream")
const { echo } = await upstream.ask<{ readonly echo: number }>("ports")
const load = start("load")
const scratch = fs.mkdtempSync(path.join(os.tmpdir(), "fairlead-footprint-"))
const config = path.join(scratch, "fairlead.yaml")
fs.writeFileSync(
  config,
  `listeners: [{ name: web, listen: "127.0.0.1:0", upstream: web }]
upstreams: { web: { candidates: ["127.0.0.1:${echo}"] } }
admin: { listen: "127.0.0.1:0" }
`
)

/** Memory in MB and CPU in µs of a process. */
function seen(pid: number) {
  const read = (file: string) => fs.readFileSync(`/proc/${pid}/${file}`, "utf8")
  const kb = Number(/VmRSS:\s*(\d+)/.exec(read("status"))?.[1])
  const [user, system] = read("stat").replace(/^.*\) /, "").split(" ").slice(11, 13)
  return { rssMb: kb / 1024, cpuUs: (Number(user) + Number(system)) * TICK_US }
}

/** The command under way on a port of its own. */
async function begun(runtime: RuntimeName, flags: ReadonlyArray<string>, file: string) {
  const before = runtime === "deno" ? ["run", "-A", ...flags.map((flag) => `--v8-flags=${flag}`)] : flags
  const env = {
    ...process.env,
    XDG_STATE_HOME: scratch,
    NODE_COMPILE_CACHE: path.join(os.tmpdir(), "fairlead-footprint-cache")
  }
  const beganMs = performance.now()
  const child = spawn(binaryOf(runtime), [...before, path.join(ROOT, file), "run", "--config", config], {
    cwd: ROOT,
    env,
    stdio: ["ignore", "ignore", "pipe"]
  })
  let text = ""
  const port = await new Promise<number>((resolve, reject) => {
    child.stderr.setEncoding("utf8").on("data", (chunk) => {
      text += chunk
      const found = /listening.*127\.0\.0\.1:(\d+)/.exec(text)
      if (found !== null) resolve(Number(found[1]))
    })
    child.once("close", () => reject(new Error(`the command ended: ${text}`)))
  })
  const listeningMs = performance.now() - beganMs
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()))
  return { pid: child.pid as number, port, listeningMs, stop: () => (child.kill(), ended) }
}

const asleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

async function loaded(pid: number, port: number) {
  const { cpuUs } = seen(pid)
  await load.ask({ kind: "short", port, count: CONNECTIONS, parallel: 32 })
  const after = seen(pid)
  return { rssMb: after.rssMb, perConnectionUs: (after.cpuUs - cpuUs) / CONNECTIONS }
}

const measured = (runtime: RuntimeName, flags: ReadonlyArray<string>, file: string) => async () => {
  const { pid, port, listeningMs, stop } = await begun(runtime, flags, file)
  await asleep(IDLE_MS)
  const idle = seen(pid)
  const { rssMb, perConnectionUs } = await loaded(pid, port)
  await stop()
  return {
    "ms from start to listening": listeningMs,
    "RSS MB, idle": idle.rssMb,
    [`RSS MB after ${CONNECTIONS} connections`]: rssMb,
    "CPU us/connection": perConnectionUs
  }
}

async function bare(): Promise<Record<string, number>> {
  const child = start("bare", [String(echo)])
  const port = await child.ask<number>("port")
  const pid = await child.ask<number>("pid")
  const idle = seen(pid)
  const { rssMb, perConnectionUs } = await loaded(pid, port)
  child.stop()
  return {
    "RSS MB, idle": idle.rssMb,
    [`RSS MB after ${CONNECTIONS} connections`]: rssMb,
    "CPU us/connection": perConnectionUs
  }
}

const BUNDLE = "dist/bin/fairlead.cjs"
const SOURCES = "src/apps/main.ts"
/** The flags with which the sources were always started. */
const ROOMY = ["--min-semi-space-size=16"]
const tried = values.flags === undefined
  ? {}
  : { [`node, bundle, ${values.flags}`]: measured("node", values.flags.split(" "), BUNDLE) }
const all: Record<string, () => Promise<Record<string, number>>> = {
  "node, sources": measured("node", ROOMY, SOURCES),
  "node, bundle": measured("node", [], BUNDLE),
  ...tried,
  "node, bare pipes": bare,
  "deno, sources": measured("deno", ROOMY, SOURCES),
  "deno, bundle": measured("deno", [], BUNDLE)
}
const contenders = Object.fromEntries(Object.entries(all).filter(([name]) => name.includes(values.only)))
const { results, ratio } = await interleaved(Number(values.rounds), contenders, 1)
for (const stop of [upstream.stop, load.stop]) stop()
fs.rmSync(scratch, { recursive: true, force: true })
const faster = ratio("ms from start to listening", "node, bundle", "node, sources")
print({
  bench: "footprint",
  about: `idle for ${IDLE_MS / 1_000} s, then ${CONNECTIONS} connections, 32 at a time`,
  rounds: Number(values.rounds),
  results,
  aims: [
    {
      what: "resident memory in MB on Node, idle",
      figure: results["node, bundle"]?.["RSS MB, idle"]?.median ?? 0,
      atMost: 100
    },
    { what: "time to listening on Node, bundle to sources", figure: faster.median, spread: faster.spread, atMost: 0.5 }
  ]
}, values.json)
