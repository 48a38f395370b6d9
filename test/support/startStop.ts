/**
 * Starts and stops instances in one process, again and again, and prints what is left as one line of JSON. Then the process has
 * nothing more to do: it must end by itself. Arguments: a directory, instances at once, rounds. Garbage is collected before each
 * count, so start the runtime with `--expose-gc`.
 */
import * as Effect from "effect/Effect"
import * as fs from "node:fs"
import * as net from "node:net"
import * as path from "node:path"
import process from "node:process"
import * as v8 from "node:v8"
import type { FairleadClient, FairleadConfig } from "../../src/mod.ts"
import { createFairlead } from "../../src/mod.ts"

const [directory = "", instances = "10", rounds = "10"] = process.argv.slice(2)
/** Every fifth round uses everything. */
const FULL = 5
const isDeno = "Deno" in globalThis
const PAIR = 2

/** What is open in a process; null: the runtime does not tell. */
export interface Open {
  readonly descriptors: number
  /** Sockets, timers and the like, by kind. */
  readonly resources: string | null
  /** Functions that wait for signals, for the end of the process, and the like. */
  readonly handlers: number
}

export interface Report {
  readonly before: Open
  readonly after: Open
  /** Live fibers at the end; null: the runtime does not tell. */
  readonly fibers: number | null
  /** What keeps a program without an instance alive; null: the runtime does not tell. */
  readonly least: string | null
}

const FiberClass = Effect.runFork(Effect.void).constructor
const { gc } = globalThis as { gc?: () => void }

const resources = () => isDeno ? null : process.getActiveResourcesInfo().toSorted().join(" ")
const look = (): Open => ({
  descriptors: fs.readdirSync("/proc/self/fd").length,
  resources: resources(),
  handlers: process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0)
})

const turns = () => new Promise((resolve) => setTimeout(resolve, 20))

/** What has ended goes within some turns, and what the system was asked for cannot be taken back. */
async function settled(most = Number.POSITIVE_INFINITY): Promise<Open> {
  let fewest = most
  for (let i = 0, same = 0; i < 100 && same < 5; i++) {
    await turns()
    // Deno closes some sockets with the garbage.
    if (isDeno) gc?.()
    const { descriptors, resources } = look()
    same = descriptors === fewest && resources === least ? same + 1 : 0
    fewest = Math.min(fewest, descriptors)
  }
  return look()
}

function configOf(i: number, port: number, isFull: boolean): FairleadConfig {
  const upstreams = { web: { candidates: [`127.0.0.1:${port}`] } }
  if (!isFull) return { upstreams }
  const at = (name: string) => ({ path: path.join(directory, `${i}`, name) })
  if (i === 0) return { upstreams, eventLog: at("log"), history: at("history.json") }
  if (i === 1) return { upstreams: { web: { host: "localhost", port } } }
  return { upstreams, listeners: [{ name: "in", listen: "127.0.0.1:0", upstream: "web" }], enabled: i % 2 === 0 }
}

/** Leaves connections and readers open, and cuts waits short. */
async function use(fairlead: FairleadClient): Promise<void> {
  const open = await fairlead.connect("web")
  open.on("error", () => {}).write("?")
  const failed = await fairlead.connect("web")
  fairlead.report(failed.on("error", () => {}), "failed")
  const controller = new AbortController()
  const cut = fairlead.connect("web", undefined, { signal: controller.signal })
  controller.abort()
  await cut.then((socket) => socket.on("error", () => {}), () => {})
  void fairlead.connect("web").then((socket) => socket.on("error", () => {}), () => {})
  void (async () => {
    for await (const _ of fairlead.facts()) continue
  })()
  await fairlead.pick("web")
}

const begin = async (i: number, port: number, isFull: boolean): Promise<void> => {
  const fairlead = await createFairlead(configOf(i, port, isFull))
  if (isFull) await use(fairlead)
  else (await fairlead.connect("web")).on("error", () => {})
  await fairlead.close()
}

const round = (port: number, isFull: boolean) =>
  Promise.all(Array.from({ length: Number(instances) }, (_, i) => begin(i, port, isFull)))

const server = net.createServer((socket) => void socket.on("error", () => {}).pipe(socket))
await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
const { port } = server.address() as net.AddressInfo
// The standard streams, and this server.
process.stdout
process.stderr
const least = resources()
// What is loaded on first use stays.
for (let i = 0; i < 3; i++) await round(port, true)
const measured = async (before: Open) => {
  for (let i = 0; i < Number(rounds); i++) await round(port, i % FULL === 0)
  return { before, after: await settled(before.descriptors) }
}
const first = await measured(await settled())
// At a moment of its own Deno makes one more pair of unnamed Unix sockets, once in a process. What an instance leaves grows with the rounds, so the
// same rounds once more have to leave nothing.
const { before, after } = isDeno && first.after.descriptors === first.before.descriptors + PAIR
  ? await measured(first.after)
  : first
await new Promise((resolve) => server.close(resolve))
const fibers = isDeno ? null : Number(v8.queryObjects(FiberClass as typeof net.Socket, { format: "count" }))
const report: Report = { before, after, fibers, least }
console.log(JSON.stringify(report))
