/** Clients of the soak: each sends a request over a connection of some kind, and checks the answer. */
import type { Buffer } from "node:buffer"
import * as net from "node:net"
import type { Cancel } from "../../plane/ports/Transport.ts"
import { nowUs } from "../node/clock.ts"
import { Incoming, isIntact, message } from "./exchange.ts"

/**
 * `served`: the answer came whole. `failed`: no byte of it came. `cut`: it ended midway. `corrupted`: it is not what was sent.
 */
export type Outcome = "served" | "failed" | "cut" | "corrupted"

export interface Asked {
  readonly client: number
  readonly upBytes: number
  readonly downBytes: number
  /** A client without a whole answer gives up after this time. */
  readonly patienceMs: number
}

export interface Answered {
  readonly outcome: Outcome
  /** Number of the address that answered; -1: none did. */
  readonly by: number
  /** From the arrival to the first byte of the answer, or to the failure, in ms. */
  readonly firstByteMs: number
  /** To the last byte. */
  readonly tookMs: number
}

/** Gives a connected socket, or undefined where there is none. It calls once, and the cancel ends the attempt. */
export type Connect = (connected: (socket: net.Socket | undefined) => void) => Cancel

/** Calls `done` once. The cancel closes the connection without a call. */
export function ask(connect: Connect, asked: Asked, done: (answered: Answered) => void): Cancel {
  const beganUs = nowUs()
  const sinceMs = () => (nowUs() - beganUs) / 1000
  let over = false
  let firstByteMs = -1
  let socket: net.Socket | undefined
  const finish = (outcome: Outcome, by: number) => {
    if (over) return
    over = true
    clearTimeout(timer)
    cancel()
    if (outcome === "served") socket?.end()
    else socket?.destroy()
    const tookMs = sinceMs()
    done({ outcome, by, firstByteMs: firstByteMs < 0 ? tookMs : firstByteMs, tookMs })
  }
  const incoming = new Incoming()
  const lost = () => finish(incoming.bytes > 0 ? "cut" : "failed", -1)
  const timer = setTimeout(lost, asked.patienceMs)
  let cancel: Cancel = () => {}
  cancel = connect((connected) => {
    cancel = () => {}
    if (over) return void connected?.destroy()
    if (connected === undefined) return finish("failed", -1)
    socket = connected
    connected.on("data", (chunk: Buffer) => {
      if (over) return
      if (firstByteMs < 0) firstByteMs = sinceMs()
      if (!incoming.add(chunk)) return
      const { client, third, fourth, bodyBytes } = incoming.head ?? { client: -1, third: -1, fourth: 0, bodyBytes: -1 }
      const isRight = client === asked.client && bodyBytes === asked.downBytes && fourth === 1
      finish(isRight && isIntact(incoming.whole()) ? "served" : "corrupted", third)
    })
    connected.on("error", lost)
    connected.once("close", lost)
    connected.once("end", lost)
    connected.write(message({ client: asked.client, bodyBytes: asked.upBytes, third: asked.downBytes, fourth: 0 }))
  })
  return () => {
    over = true
    clearTimeout(timer)
    cancel()
    socket?.destroy()
  }
}

/** Through a listener of protocol tcp. */
export const overTcp = (port: number): Connect => (connected) => {
  const socket = net.connect({ host: "127.0.0.1", port, noDelay: true })
  const failed = () => connected(undefined)
  socket.once("error", failed)
  socket.once("connect", () => {
    socket.off("error", failed)
    socket.on("error", () => {})
    connected(socket)
  })
  return () => socket.destroy()
}

const MOST_REPLY_BYTES = 16_384

/** Through a listener of protocol proxy, by CONNECT. */
export const overProxy = (port: number, host: string, hostPort: number): Connect => (connected) => {
  const socket = net.connect({ host: "127.0.0.1", port, noDelay: true }, () => {
    socket.write(`CONNECT ${host}:${hostPort} HTTP/1.1\r\nHost: ${host}:${hostPort}\r\n\r\n`)
  })
  let reply = ""
  let over = false
  const settle = (result: net.Socket | undefined) => {
    if (over) return
    over = true
    socket.off("data", read)
    connected(result)
    if (result === undefined) socket.destroy()
  }
  const read = (chunk: Buffer) => {
    reply += chunk.toString("latin1")
    const end = reply.indexOf("\r\n\r\n")
    if (end < 0) return reply.length > MOST_REPLY_BYTES ? settle(undefined) : undefined
    if (!/^HTTP\/1\.[01] 200 /.test(reply)) return settle(undefined)
    // The server speaks after its client, so nothing follows the reply.
    settle(reply.length > end + 4 ? undefined : socket)
  }
  socket.on("data", read)
  socket.on("error", () => settle(undefined))
  socket.once("close", () => settle(undefined))
  return () => {
    over = true
    socket.destroy()
  }
}
