/** One client of a listener on loopback: connects, sends its bytes, waits for the first ones that come back, and hangs up. */
import * as net from "node:net"

export interface Served {
  readonly firstByteMs: number
  /** Empty when an answer came. */
  readonly failure: string
}

export function client(port: number, text: string, timeoutMs: number, host = "127.0.0.1"): Promise<Served> {
  const beganMs = performance.now()
  return new Promise((resolve) => {
    const to = { host, port, noDelay: true, autoSelectFamily: false }
    const socket = net.connect(to, () => socket.write(text))
    const end = (failure: string) => {
      clearTimeout(timer)
      socket.destroy()
      resolve({ firstByteMs: performance.now() - beganMs, failure })
    }
    const timer = setTimeout(() => end("timeout"), timeoutMs)
    socket.once("data", () => end(""))
    socket.on("error", (error: NodeJS.ErrnoException) => end(error.code ?? error.message))
    socket.once("end", () => end("closed"))
  })
}
