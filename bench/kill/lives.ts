/**
 * Lives of a service that end with kill -9 under load. The next life begins with what the last one left on disk. Each life tells
 * which server its first client got, how its clients fared, what it complained of, and what is in its history file.
 */
import { spawn } from "node:child_process"
import { once } from "node:events"
import * as fs from "node:fs"
import * as net from "node:net"
import * as path from "node:path"
import process from "node:process"

/** Servers by name, with the round trip to each in ms. The best one is in the middle of the list. */
const TRIPS = { far: 60, best: 5, middle: 30 }
type Name = keyof typeof TRIPS

const SERVICE = new URL("service.ts", import.meta.url).pathname
/** Clients at once, each followed by the next one. */
const CLIENTS = 8

/** When to kill: so long after the process was started, after it listens, or after its first client was answered. */
export interface Moment {
  readonly after: "start" | "listening" | "answer"
  readonly ms: number
}

export interface Life {
  readonly moment: Moment
  /** undefined: it was killed before. */
  readonly first: string | undefined
  readonly answered: number
  /** Clients that failed while the service lived, or got a wrong answer. */
  readonly failed: number
  /** Its log, at `warn` and above. */
  readonly said: string
  /** What the history file has: names of servers, `none` without a file, or why it cannot be read. */
  readonly history: ReadonlyArray<string> | "none" | "broken"
  /** Bytes of the record. */
  readonly recorded: number
}

export interface World {
  readonly live: (moment: Moment) => Promise<Life>
  readonly record: string
}

/** Calls `use` with servers that stay, and with a state directory that is empty at first. */
export async function withServers<A>(
  directory: string,
  use: (fresh: (name: string) => World) => Promise<A>,
  tripMs: Readonly<Record<Name, number>> = TRIPS
): Promise<A> {
  const servers = await Promise.all((Object.keys(TRIPS) as ReadonlyArray<Name>).map(open))
  const world = (name: string): World => {
    const state = path.join(directory, name)
    fs.mkdirSync(state, { mode: 0o700 })
    const file = path.join(state, "fairlead.yaml")
    const at = (name: string) => JSON.stringify(path.join(state, name))
    fs.writeFileSync(
      file,
      `listeners: [{ name: web, listen: "127.0.0.1:0", upstream: web }]
upstreams: { web: { candidates: [${servers.map(({ port }) => `"127.0.0.1:${port}"`).join(", ")}] } }
eventLog: { path: ${at("log")} }
history: { path: ${at("history.json")} }
admin: { listen: "off" }
`
    )
    const trips = JSON.stringify(Object.fromEntries(servers.map(({ name, port }) => [`127.0.0.1:${port}`, tripMs[name]])))
    const nameAt = new Map<number, string>(servers.map(({ name, port }) => [port, name]))
    return { live: (moment) => live(state, [file, trips], nameAt, moment), record: path.join(state, "log") }
  }
  try {
    return await use(world)
  } finally {
    for (const { server } of servers) server.close()
  }
}

/** Answers each connection that sends something with the server's name. */
async function open(name: Name) {
  const server = net.createServer((socket) => {
    socket.on("error", () => {}).once("data", () => socket.end(name))
  })
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  return { name, server, port: (server.address() as net.AddressInfo).port }
}

async function live(
  state: string,
  args: ReadonlyArray<string>,
  nameAt: ReadonlyMap<number, string>,
  moment: Moment
): Promise<Life> {
  const runtime = "deno" in process.versions ? ["run", "-A"] : []
  const child = spawn(process.execPath, [...runtime, SERVICE, ...args], { stdio: ["ignore", "pipe", "pipe"] })
  const ended = once(child, "close")
  let said = ""
  child.stderr.setEncoding("utf8").on("data", (text: string) => (said += text))
  let isOver = false
  const kill = () => {
    isOver = true
    child.kill("SIGKILL")
  }
  if (moment.after === "start") setTimeout(kill, moment.ms)
  const port = await Promise.race([
    once(child.stdout, "data").then(([text]) => Number(String(text))),
    ended.then(() => undefined)
  ])
  let first: string | undefined
  let [answered, failed] = [0, 0]
  if (port !== undefined) {
    if (moment.after === "listening") setTimeout(kill, moment.ms)
    const count = (answer: string | undefined) => {
      if (answer !== undefined && answer in TRIPS) answered++
      else if (!isOver) failed++
      return answer
    }
    first = count(await ask(port))
    if (moment.after === "answer") setTimeout(kill, moment.ms)
    const clients = async () => {
      while (!isOver && child.exitCode === null) count(await ask(port))
    }
    await Promise.all(Array.from({ length: CLIENTS }, clients))
  }
  await ended
  return {
    moment,
    first,
    answered,
    failed,
    said,
    history: historyIn(state, nameAt),
    recorded: sizeOf(path.join(state, "log"))
  }
}

/** undefined: the connection failed, or ended without an answer. */
function ask(port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    let answer = ""
    const socket = net.connect({ port, host: "127.0.0.1" }, () => socket.write("?"))
    socket.setEncoding("utf8").on("data", (text) => (answer += text))
    socket.on("error", () => resolve(undefined))
    socket.on("close", () => resolve(answer === "" ? undefined : answer))
  })
}

function historyIn(state: string, nameAt: ReadonlyMap<number, string>): Life["history"] {
  const file = path.join(state, "history.json")
  if (!fs.existsSync(file)) return "none"
  try {
    const { version, records } = JSON.parse(fs.readFileSync(file, "utf8"))
    if (version !== 1) return "broken"
    return records.map(({ port }: { readonly port: number }) => nameAt.get(port) ?? "unknown")
  } catch {
    return "broken"
  }
}

function sizeOf(directory: string): number {
  if (!fs.existsSync(directory)) return 0
  return fs.readdirSync(directory).reduce((sum, name) => sum + fs.statSync(path.join(directory, name)).size, 0)
}
