/**
 * Clients for many listeners at once, open loop, in one process: RATE a second for each port of loopback, evenly spread; the ports
 * begin one after the other. Each
 * connects, sends a line, waits for the first byte, and hangs up. Prints one JSON array a client: which port (its place in the
 * list), when it started (wall time, to compare with other processes), how long to the first byte (ms), and what answered, or
 * how it failed.
 *
 *     manyClients.ts RATE SECONDS PORT...
 */
import * as net from "node:net"
import process from "node:process"

export type Line = readonly [place: number, atMs: number, firstByteMs: number, by: string, failure: string]

const [rateText, secondsText, ...portTexts] = process.argv.slice(2)
const ports = portTexts.map(Number)
const perSecond = Number(rateText) * ports.length
const count = perSecond * Number(secondsText)
const TIMEOUT_MS = 5_000
/** The first clients of a port come that long after those of the port before it: they make a service look for addresses. */
const PORTS_APART_MS = 200

function client(place: number): Promise<Line> {
  const atMs = Date.now()
  const beganMs = performance.now()
  return new Promise((resolve) => {
    const to = { host: "127.0.0.1", port: ports[place] ?? 0, noDelay: true, autoSelectFamily: false }
    const socket = net.connect(to, () => socket.write("?\n"))
    const end = (by: string, failure: string) => {
      clearTimeout(timer)
      socket.destroy()
      resolve([place, atMs, performance.now() - beganMs, by, failure])
    }
    const timer = setTimeout(() => end("", "timeout"), TIMEOUT_MS)
    socket.once("data", (chunk) => end(String(chunk).trim(), ""))
    socket.on("error", (error: NodeJS.ErrnoException) => end("", error.code ?? error.message))
    socket.once("end", () => end("", "closed"))
  })
}

const beganMs = performance.now()
const running = new Set<Promise<void>>()
for (let i = 0; i < count; i++) {
  const waitMs = (i * 1000) / perSecond - (performance.now() - beganMs)
  if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs))
  if ((i * 1000) / perSecond < (i % ports.length) * PORTS_APART_MS) continue
  const one = client(i % ports.length).then((line) => {
    console.log(JSON.stringify(line))
    running.delete(one)
  })
  running.add(one)
}
await Promise.all(running)
process.exit(0)
