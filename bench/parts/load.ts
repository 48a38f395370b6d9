/** The clients: many short ones, or one that moves a lot. */
import { Buffer } from "node:buffer"
import * as net from "node:net"
import { answer } from "../support/child.ts"
import { quantile } from "../support/rounds.ts"

interface Asked {
  readonly kind: "short" | "down" | "up"
  readonly port: number
  readonly count: number
  readonly parallel: number
}

const REQUEST = Buffer.alloc(64, "x")
const BLOCK = Buffer.alloc(256 * 1024, "fairlead ")

/** Tells how long the first byte took, in ms. */
function short(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const beganMs = performance.now()
    let firstByteMs = 0
    let bytes = 0
    const socket = net.connect({ port, host: "127.0.0.1", noDelay: true }, () => socket.write(REQUEST))
    socket.on("data", (chunk) => {
      if (bytes === 0) firstByteMs = performance.now() - beganMs
      bytes += chunk.length
      if (bytes === REQUEST.length) socket.end()
    })
    socket.on("error", reject)
    socket.on(
      "close",
      () => (bytes === REQUEST.length ? resolve(firstByteMs) : reject(new Error(`${bytes} bytes came back`)))
    )
  })
}

/** Downloads with a reused buffer, so that the client is not what limits. */
function down(port: number, count: number): Promise<void> {
  return new Promise((resolve, reject) => {
    let bytes = 0
    const onread = { buffer: Buffer.alloc(256 * 1024), callback: (read: number) => (bytes += read) > 0 }
    const socket = net.connect({ port, host: "127.0.0.1", onread }, () => socket.write(String(count)))
    socket.on("error", reject)
    socket.on("end", () => (bytes === count ? resolve() : reject(new Error(`${bytes} of ${count} bytes came`))))
    socket.resume()
  })
}

function up(port: number, count: number): Promise<void> {
  return new Promise((resolve, reject) => {
    let left = count
    let answer = ""
    const socket = net.connect({ port, host: "127.0.0.1" }, () => send())
    const send = () => {
      while (left > 0) {
        const block = left < BLOCK.length ? BLOCK.subarray(0, left) : BLOCK
        left -= block.length
        if (!socket.write(block)) return void socket.once("drain", send)
      }
      socket.end()
    }
    socket.on("data", (chunk) => (answer += chunk))
    socket.on("error", reject)
    socket.on("end", () => (answer === String(count) ? resolve() : reject(new Error(`${answer} of ${count} bytes went`))))
  })
}

/** First-byte times in ms, of the short ones. */
async function run({ kind, port, count, parallel }: Asked): Promise<ReadonlyArray<number>> {
  const firstByteMs: Array<number> = []
  if (kind !== "short") {
    await (kind === "down" ? down(port, count) : up(port, count))
    return firstByteMs
  }
  let left = count
  const worker = async () => {
    while (left-- > 0) firstByteMs.push(await short(port))
  }
  await Promise.all(Array.from({ length: parallel }, worker))
  return firstByteMs
}

answer(async (asked: Asked) => {
  const beganMs = performance.now()
  const firstByteMs = await run(asked)
  const tookMs = performance.now() - beganMs
  return { tookMs, firstByteMs: quantile(firstByteMs.toSorted((a, b) => a - b), 0.5) }
})
