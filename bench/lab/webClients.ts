/**
 * HTTPS clients in one process, for the lab. `new`: requests on new connections, one after the other, by each way in turn.
 * `gateway`: so many workers at once, each of which reads one streaming response after the other from the names in turn.
 * Prints what each request saw as one document.
 */
import * as fs from "node:fs"
import process from "node:process"
import type { Dispatcher } from "undici"
import { Agent, request } from "undici"
import type { FairleadConfig } from "../../src/mod.ts"
import { createFairlead } from "../../src/mod.ts"
import { dispatcherOf } from "../../src/undici.ts"

export type Way = "undici" | "fairlead" | "fairlead, no warm sockets"

export interface WebClients {
  readonly kind: "new" | "gateway"
  readonly ways: ReadonlyArray<Way>
  readonly hosts: ReadonlyArray<string>
  readonly caFile: string
  /** Of `new`: requests by each way. */
  readonly count: number
  /** Of `gateway`. */
  readonly workers: number
  readonly lastMs: number
  readonly timeoutMs: number
  /** Statuses that count against a candidate. */
  readonly failing: ReadonlyArray<number>
  /** Before the first request. */
  readonly settleMs: number
  /** Is written at the first request. */
  readonly beganFile?: string
}

export interface WebSeen {
  readonly way: Way
  readonly host: string
  /** From the first request on. */
  readonly atMs: number
  readonly tookMs: number
  /** The address that answered. */
  readonly by: string
  readonly failure: string
}

/** Not all handshakes at once. */
const STAGGER_MS = 10

const wanted = JSON.parse(process.argv[2] ?? "{}") as WebClients
const { kind, ways, hosts, caFile, timeoutMs } = wanted
const ca = fs.readFileSync(caFile, "utf8")

function dispatcherFor(way: Way): Promise<Dispatcher> {
  if (way === "undici") return Promise.resolve(new Agent({ connect: { ca } }))
  const upstreams = Object.fromEntries(
    hosts.map((host, i) => [`o${i}`, { host, port: 443, caFile }])
  ) as NonNullable<FairleadConfig["upstreams"]>
  const pool = way === "fairlead" ? {} : { pool: { mode: "off" as const } }
  return createFairlead({ upstreams, ...pool }).then((fairlead) =>
    dispatcherOf(fairlead, { tls: { ca }, failingStatuses: wanted.failing })
  )
}

const dispatchers = new Map<Way, Dispatcher>()
for (const way of ways) dispatchers.set(way, await dispatcherFor(way))
await new Promise((resolve) => setTimeout(resolve, wanted.settleMs))
const beganMs = performance.now()
if (wanted.beganFile !== undefined) fs.writeFileSync(wanted.beganFile, "")

async function once(way: Way, host: string, path: string, headers: Record<string, string>): Promise<WebSeen> {
  const dispatcher = dispatchers.get(way) as Dispatcher
  const startMs = performance.now()
  const end = (by: string, failure: string): WebSeen => {
    return { way, host, atMs: startMs - beganMs, tookMs: performance.now() - startMs, by, failure }
  }
  try {
    const signal = AbortSignal.timeout(timeoutMs)
    const { statusCode, headers: { by }, body } = await request(`https://${host}${path}`, { dispatcher, headers, signal })
    await body.text()
    return end(String(by), statusCode === 200 ? "" : String(statusCode))
  } catch (error) {
    return end("", (error as NodeJS.ErrnoException).code?.toString() ?? String(error))
  }
}

const seen: Array<WebSeen> = []
if (kind === "new") {
  for (let i = 0; i < wanted.count; i++) {
    for (const way of ways) seen.push(await once(way, hosts[0] as string, "/", { connection: "close" }))
  }
} else {
  let turn = 0
  const worker = async (way: Way, i: number) => {
    await new Promise((resolve) => setTimeout(resolve, i * STAGGER_MS))
    while (performance.now() - beganMs < wanted.lastMs) {
      const one = await once(way, hosts[turn++ % hosts.length] as string, "/stream", {})
      seen.push(one)
      // A gateway's clients do not come faster because they were refused.
      if (one.failure !== "") await new Promise((resolve) => setTimeout(resolve, 200))
    }
  }
  await Promise.all(ways.flatMap((way) => Array.from({ length: wanted.workers }, (_, i) => worker(way, i))))
}
process.stdout.write(JSON.stringify(seen), () => process.exit(0))
