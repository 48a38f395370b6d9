/**
 * Clients of an HTTP proxy for the lab, open loop (RATE a second) or one after the other (rate 0). Each connects to the proxy, asks for a
 * tunnel, shakes hands through it, trusting only the lab's authority, sends a line, waits for the first byte, and hangs up. Prints
 * one JSON line a client.
 */
import * as fs from "node:fs"
import * as net from "node:net"
import process from "node:process"
import { openLoop } from "./openLoop.ts"
import * as tls from "node:tls"

export interface ProxyClients {
  readonly proxyPort: number
  readonly name: string
  readonly port: number
  readonly caFile: string
  readonly rate: number
  readonly count: number
  readonly timeoutMs: number
}

export interface ProxySeen {
  /** From the start of the client on. */
  readonly tunnelMs: number
  readonly securedMs: number
  readonly firstByteMs: number
  readonly failure: string
}

const wanted = JSON.parse(process.argv[2] ?? "{}") as ProxyClients
const { proxyPort, name, port, rate, count, timeoutMs } = wanted
const secureContext = tls.createSecureContext({ ca: fs.readFileSync(wanted.caFile) })

function client(): Promise<ProxySeen> {
  const beganMs = performance.now()
  const sinceMs = () => performance.now() - beganMs
  return new Promise((resolve) => {
    let tunnelMs = 0
    let securedMs = 0
    let head = ""
    const plain = net.connect({ host: "127.0.0.1", port: proxyPort, noDelay: true }, () => {
      plain.write(`CONNECT ${name}:${port} HTTP/1.1\r\nHost: ${name}:${port}\r\n\r\n`)
    })
    const end = (failure: string) => {
      clearTimeout(timer)
      plain.destroy()
      resolve({ tunnelMs, securedMs, firstByteMs: sinceMs(), failure })
    }
    const failed = (error: NodeJS.ErrnoException) => end(error.code ?? error.message)
    const timer = setTimeout(() => end("timeout"), timeoutMs)
    const answered = (chunk: Uint8Array) => {
      head += new TextDecoder("latin1").decode(chunk)
      if (!head.includes("\r\n\r\n")) return
      plain.off("data", answered)
      if (!/^HTTP\/1\.[01] 200/.test(head)) return end(head.split("\r\n", 1)[0] as string)
      tunnelMs = sinceMs()
      const socket = tls.connect({ socket: plain, servername: name, secureContext }, () => {
        securedMs = sinceMs()
        socket.write("?\n")
      })
      socket.once("data", () => end(""))
      socket.on("error", failed)
      socket.once("end", () => end("closed"))
    }
    plain.on("data", answered)
    plain.on("error", failed)
    plain.once("close", () => end("closed"))
  })
}

await openLoop(count, rate, client)
process.exit(0)
