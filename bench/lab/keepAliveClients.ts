/** Clients of the bench keep-alive, by the near side of the lab. Prints one document. */
import * as fs from "node:fs"
import process from "node:process"
import { Agent, request } from "undici"
import type { Dispatcher } from "undici"
import { createFairlead } from "../../src/mod.ts"
import { dispatcherOf } from "../../src/undici.ts"

export interface Wanted {
  readonly ca: string
  readonly domain: string
  readonly port: number
  /** Each with the address that serves it. */
  readonly origins: ReadonlyArray<{ readonly name: string; readonly address: string; readonly closeAfterMs: number }>
  readonly learnMs: number
  readonly measureMs: number
  /** Of each origin and contender. */
  readonly clients: number
  /** Times between two requests of a client. */
  readonly pauseMs: readonly [least: number, most: number]
}

/** Of one origin, by one contender. */
export interface Figures {
  readonly contender: string
  readonly closeAfterMs: number
  readonly requests: number
  readonly failures: number
  readonly failuresLearning: number
  readonly tookMs: ReadonlyArray<number>
}

export interface Seen {
  readonly idle: ReadonlyArray<Figures>
  readonly limitsMs: Readonly<Record<string, number>>
  /** How long requests took, where each needs a new connection; `kept`: a connection that was used before. */
  readonly fresh: Readonly<Record<string, ReadonlyArray<number>>>
}

const wanted = JSON.parse(process.argv[2] as string) as Wanted
const ca = fs.readFileSync(wanted.ca, "utf8")
const hostOf = (name: string) => `${name}.${wanted.domain}`
const fairlead = await createFairlead({
  upstreams: Object.fromEntries(
    wanted.origins.map((
      { name, address }
    ) => [hostOf(name), { port: wanted.port, candidates: [`${address}:${wanted.port}`] }])
  )
})

const plain = (address: string) =>
  new Agent({ connect: { ca, lookup: (_host, _options, done) => done(null, [{ address, family: 4 }]) } })
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
const send = async (dispatcher: Dispatcher, name: string, method: Dispatcher.HttpMethod) => {
  const began = performance.now()
  const answer = await request(`https://${hostOf(name)}:${wanted.port}/`, {
    dispatcher,
    method,
    ...(method === "POST" ? { body: "x" } : {})
  })
  await answer.body.text()
  return performance.now() - began
}

/** Half of the requests are POST, which no client may send again. */
async function idleClients(
  contender: string,
  { name, closeAfterMs }: Wanted["origins"][number],
  make: () => Dispatcher
): Promise<Figures> {
  const beganMs = performance.now()
  const endMs = beganMs + wanted.learnMs + wanted.measureMs
  const [least, most] = wanted.pauseMs
  const tookMs: Array<number> = []
  let [requests, failures, failuresLearning] = [0, 0, 0]
  const client = async () => {
    const dispatcher = make()
    await sleep(Math.random() * most)
    for (let i = 0; performance.now() < endMs; i++) {
      const isMeasured = performance.now() >= beganMs + wanted.learnMs
      if (isMeasured) requests++
      await send(dispatcher, name, i % 2 === 0 ? "GET" : "POST").then((ms) => void (isMeasured && tookMs.push(ms)), () => {
        if (isMeasured) failures++
        else failuresLearning++
      })
      // Close to the moment at which the server ends the connection as often as anywhere else.
      const near = closeAfterMs + (Math.random() - 0.5) * 200
      await sleep(Math.random() < 0.5 && near >= least && near <= most ? near : least + Math.random() * (most - least))
    }
    await dispatcher.destroy()
  }
  await Promise.all(Array.from({ length: wanted.clients }, client))
  return { contender, closeAfterMs, requests, failures, failuresLearning, tookMs }
}

async function freshClients(): Promise<Seen["fresh"]> {
  const fresh = wanted.origins.find(({ closeAfterMs }) => closeAfterMs === 0)
  const kept = wanted.origins.findLast(({ closeAfterMs }) => closeAfterMs > 0)
  if (fresh === undefined || kept === undefined) return {}
  const tls = { ca }
  const setups: ReadonlyArray<readonly [string, string, Dispatcher]> = [
    ["kept", kept.name, dispatcherOf(fairlead, { tls })],
    ["plain undici", fresh.name, plain(fresh.address)],
    ["fairlead", fresh.name, dispatcherOf(fairlead, { tls })],
    ["fairlead, warm TLS", fresh.name, dispatcherOf(fairlead, { tls, warmTls: true })]
  ]
  const seen: Record<string, ReadonlyArray<number>> = {}
  for (const [setup, name, dispatcher] of setups) {
    const took: Array<number> = []
    for (let i = 0; i < 33; i++) {
      took.push(await send(dispatcher, name, "GET"))
      await sleep(300)
    }
    // The first ones make the origin one in use.
    seen[setup] = took.slice(3)
    await dispatcher.destroy()
  }
  return seen
}

const fresh = await freshClients()
const closing = wanted.origins.filter(({ closeAfterMs }) => closeAfterMs > 0)
const idle = await Promise.all(closing.flatMap((origin) => [
  idleClients("fairlead", origin, () => dispatcherOf(fairlead, { tls: { ca } })),
  idleClients("plain undici", origin, () => plain(origin.address)),
  idleClients("undici, 600 s", origin, () =>
    new Agent({
      keepAliveTimeout: 600_000,
      connect: { ca, lookup: (_host, _options, done) => done(null, [{ address: origin.address, family: 4 }]) }
    }))
]))
const limitsMs = Object.fromEntries(
  closing.map(({ name }) => [name, fairlead.kept.limitMs(hostOf(name), wanted.port) ?? -1])
)
await fairlead.close()
const seen: Seen = { idle, limitsMs, fresh }
// A pipe takes a long text in parts.
process.stdout.write(JSON.stringify(seen), () => process.exit(0))
