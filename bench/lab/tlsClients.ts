/**
 * Clients with TLS for the lab. They take the ways they are given in turn, open loop (RATE a second) or one after the other
 * (rate 0). Each connects, shakes hands, trusting only the lab's authority, sends a line, waits for the first byte,
 * and hangs up. A way that has no address but a name goes to the first answer of the system's resolver, asked beforehand.
 * Prints one JSON line a client.
 */
import * as dns from "node:dns/promises"
import * as fs from "node:fs"
import * as net from "node:net"
import process from "node:process"
import * as tls from "node:tls"

export interface Way {
  readonly way: string
  readonly servername: string
  /** Without it: the first answer for the name. */
  readonly host?: string
  readonly port: number
}

export interface TlsClients {
  readonly ways: ReadonlyArray<Way>
  readonly caFile: string
  readonly rate: number
  readonly count: number
  readonly timeoutMs: number
  /** The first client tries again and again until a server listens; its time counts from the last try on. */
  readonly untilOpen?: boolean
}

export interface TlsSeen {
  readonly way: string
  /** Wall time, to compare with other processes. */
  readonly atMs: number
  /** From the start of the client on. */
  readonly connectMs: number
  readonly securedMs: number
  readonly firstByteMs: number
  readonly by: string
  readonly failure: string
}

const { ways, caFile, rate, count, timeoutMs, untilOpen = false } = JSON.parse(process.argv[2] ?? "{}") as TlsClients
const secureContext = tls.createSecureContext({ ca: fs.readFileSync(caFile) })

async function hostOf({ host, servername }: Way): Promise<string> {
  return host ?? (await dns.lookup(servername, { all: true, order: "verbatim" }))[0]?.address ?? ""
}

function client({ way, servername, port }: Way, host: string): Promise<TlsSeen> {
  const atMs = performance.timeOrigin + performance.now()
  const beganMs = performance.now()
  const sinceMs = () => performance.now() - beganMs
  return new Promise((resolve) => {
    let connectMs = 0
    let securedMs = 0
    const plain = net.connect({ host, port, noDelay: true, autoSelectFamily: false }, () => {
      connectMs = sinceMs()
    })
    const socket = tls.connect({ socket: plain, servername, secureContext }, () => {
      securedMs = sinceMs()
      socket.write("?\n")
    })
    const end = (by: string, failure: string) => {
      clearTimeout(timer)
      socket.destroy()
      plain.destroy()
      resolve({ way, atMs, connectMs, securedMs, firstByteMs: sinceMs(), by, failure })
    }
    const failed = (error: NodeJS.ErrnoException) => end("", error.code ?? error.message)
    const timer = setTimeout(() => end("", "timeout"), timeoutMs)
    socket.once("data", (chunk) => end(String(chunk).trim(), ""))
    socket.on("error", failed)
    plain.on("error", failed)
    socket.once("end", () => end("", "closed"))
    plain.once("close", () => end("", "closed"))
  })
}

const hosts = await Promise.all(ways.map(hostOf))
const next = (i: number) => client(ways[i % ways.length] as Way, hosts[i % ways.length] as string)
const say = (seen: TlsSeen) => console.log(JSON.stringify(seen))
let done = 0
if (untilOpen) {
  let first = await next(0)
  for (; first.failure === "ECONNREFUSED"; first = await next(0)) await new Promise((resolve) => setTimeout(resolve, 5))
  say(first)
  done = 1
}
const beganMs = performance.now()
const running: Array<Promise<void>> = []
for (let i = done; i < count; i++) {
  const waitMs = rate === 0 ? 0 : ((i - done) * 1000) / rate - (performance.now() - beganMs)
  if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs))
  const one = next(i).then(say)
  if (rate === 0) await one
  else running.push(one)
}
await Promise.all(running)
process.exit(0)
