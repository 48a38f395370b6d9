/** A client of the demo: connects, asks, and waits for the first byte as long as it has patience. */
import * as net from "node:net"
import type { Cancel } from "../../plane/ports/Transport.ts"
import { nowUs } from "../node/clock.ts"

/** The name of who answered; empty when nobody did. */
export interface Answer {
  readonly by: string
  /** From the start of connecting to the first byte, or to the failure. */
  readonly tookMs: number
}

/** Calls `done` once; the cancel hangs up and tells nothing. */
export function ask(port: number, patienceMs: number, done: (answer: Answer) => void): Cancel {
  const beganUs = nowUs()
  let over = false
  const finish = (by: string) => {
    if (over) return
    over = true
    clearTimeout(timer)
    if (by === "") socket.destroy()
    done({ by, tookMs: (nowUs() - beganUs) / 1000 })
  }
  const timer = setTimeout(() => finish(""), patienceMs)
  const socket = net.connect({ host: "127.0.0.1", port, noDelay: true }, () => socket.write("?\n"))
  socket.setEncoding("utf8")
  socket.on("data", (text: string) => finish(text.trim()))
  socket.on("error", () => finish(""))
  socket.once("close", () => finish(""))
  return () => {
    over = true
    clearTimeout(timer)
    socket.destroy()
  }
}
