/** A client of the demo: it connects, sends a request, and waits for the first byte up to a limit. */
import * as net from "node:net"
import type { Cancel } from "../../plane/ports/Transport.ts"
import { nowUs } from "../node/clock.ts"

/** The name of the site that answered; empty: none did. */
export interface Answer {
  readonly by: string
  /** Time in ms from the start of connecting to the first byte, or to the failure. */
  readonly tookMs: number
}

/** Calls `done` once. The returned function closes the connection without a call. */
export function request(port: number, limitMs: number, done: (answer: Answer) => void): Cancel {
  const beganUs = nowUs()
  let over = false
  const finish = (by: string) => {
    if (over) return
    over = true
    clearTimeout(timer)
    if (by === "") socket.destroy()
    done({ by, tookMs: (nowUs() - beganUs) / 1000 })
  }
  const timer = setTimeout(() => finish(""), limitMs)
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
