/**
 * Upstream servers for many services at once, in one process: each address listens on as many ports as there are services
 * that dial it, so that what reaches it is known by service. A client sends a line; the server answers with its address.
 * Lines on stdin are obeyed and acknowledged on stdout: `HOST ok|refuse`, for all ports of an address, and `since MS`, which
 * is answered with the first moment from then on (wall time) at which each `HOST:PORT` took a connection.
 *
 *     manyUpstreams.ts '{"HOST": [PORT...]}'
 */
import type * as net from "node:net"
import process from "node:process"
import * as readline from "node:readline"
import { Door } from "./Door.ts"

const portsOf: Readonly<Record<string, ReadonlyArray<number>>> = JSON.parse(process.argv[2] ?? "{}")
const taken = new Map<string, Array<number>>()

function serve(host: string, timesMs: Array<number>, socket: net.Socket): void {
  timesMs.push(Date.now())
  socket.on("data", () => socket.write(`${host}\n`))
  socket.on("end", () => socket.end())
}

function doorTo(host: string, port: number): Door {
  const timesMs: Array<number> = []
  taken.set(`${host}:${port}`, timesMs)
  return new Door({ host, port, allowHalfOpen: true }, (socket) => serve(host, timesMs, socket))
}

const doors = new Map(Object.entries(portsOf).map(([host, ports]) => [host, ports.map((port) => doorTo(host, port))]))
await Promise.all([...doors.values()].flat().map((door) => door.open()))
console.log("ready")
for await (const line of readline.createInterface({ input: process.stdin })) {
  const [what = "", how = ""] = line.split(" ")
  if (what === "since") {
    const firsts = [...taken].map(([name, timesMs]) => [name, timesMs.find((atMs) => atMs >= Number(how)) ?? null] as const)
    console.log(JSON.stringify(Object.fromEntries(firsts)))
    continue
  }
  await Promise.all((doors.get(what) ?? []).map((door) => (how === "refuse" ? door.close() : door.open())))
  console.log(line)
}
process.exit(0)
