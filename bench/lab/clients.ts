/**
 * Clients for the lab, open loop: one starts every 1000/RATE ms whatever became of those before it (RATE 0: the next one
 * when the last one is done). Each connects, sends a line, waits for the first byte, and hangs up. Prints one JSON line a
 * client: when it started (ms since the first), how long to the first byte (ms) and which server answered, or how it failed.
 *
 * `direct` measures the reference instead: requests on one connection that is already open.
 */
import * as net from "node:net"
import process from "node:process"
import { openLoop } from "./openLoop.ts"

const [kind, host = "", portText, rateText, countText, timeoutText = "5000"] = process.argv.slice(2)
const port = Number(portText)
const rate = Number(rateText)
const count = Number(countText)
const timeoutMs = Number(timeoutText)
const beganMs = performance.now()

export interface Seen {
  readonly startedMs: number
  readonly firstByteMs: number
  readonly by: string
  readonly failure: string
}

function client(): Promise<Seen> {
  const startedAtMs = performance.now()
  return new Promise((resolve) => {
    const socket = net.connect({ host, port, noDelay: true, autoSelectFamily: false }, () => socket.write("?\n"))
    const end = (by: string, failure: string) => {
      clearTimeout(timer)
      socket.destroy()
      const firstByteMs = performance.now() - startedAtMs
      resolve({ startedMs: startedAtMs - beganMs, firstByteMs, by, failure })
    }
    const timer = setTimeout(() => end("", "timeout"), timeoutMs)
    socket.once("data", (chunk) => end(String(chunk).trim(), ""))
    socket.once("error", (error: NodeJS.ErrnoException) => end("", error.code ?? error.message))
    socket.once("end", () => end("", "closed"))
  })
}

async function direct(): Promise<void> {
  const socket = net.connect({ host, port, noDelay: true })
  await new Promise((resolve, reject) => socket.once("connect", resolve).once("error", reject))
  for (let i = 0; i < count; i++) {
    if (rate > 0) await new Promise((resolve) => setTimeout(resolve, 1000 / rate))
    const startedAtMs = performance.now()
    const answer = new Promise<string>((resolve) => socket.once("data", (chunk) => resolve(String(chunk).trim())))
    socket.write("?\n")
    const by = await answer
    const firstByteMs = performance.now() - startedAtMs
    console.log(JSON.stringify({ startedMs: startedAtMs - beganMs, firstByteMs, by, failure: "" } satisfies Seen))
  }
  socket.destroy()
}

await (kind === "direct" ? direct() : openLoop(count, rate, client))
process.exit(0)
