/** Connections that are kept to a candidate which answers with failures: they take no request once that is known. */
import { assert, describe, it } from "vitest"
import * as http from "node:http"
import { text } from "node:stream/consumers"
import { request } from "undici"
import { httpAgentOf } from "../../src/http.ts"
import type { FairleadClient, FairleadConfig } from "../../src/mod.ts"
import { createFairlead } from "../../src/mod.ts"
import { dispatcherOf } from "../../src/undici.ts"
import { authority, good } from "../support/certificates.ts"
import { until } from "../support/servers.ts"
import { serveWeb } from "../support/webServers.ts"

const HOST = "web.example"
const KEPT = 4

/** Two addresses, of which one serves: `/wait` is answered when four requests wait, and all get 503 from a bad address. */
async function siteOf(stack: AsyncDisposableStack, options: object, config: FairleadConfig) {
  const bad = new Set<string>()
  const waiting: Array<() => void> = []
  const hosts = ["127.0.0.2", "127.0.0.3"]
  let port = 0
  for (const host of hosts) {
    const server = await serveWeb({
      ...options,
      host,
      port,
      answer: ({ url, socket }, response) => {
        if (bad.has(host)) return void response.writeHead(503).end()
        const answer = () => response.end(`${host}:${socket.remotePort}`)
        if (url !== "/wait") return void answer()
        waiting.push(answer)
        if (waiting.length === KEPT) { for (const one of waiting.splice(0)) one() }
      }
    })
    stack.defer(server.stop)
    port = server.port
  }
  const fairlead = await createFairlead({
    probing: { mode: "tcp" },
    selector: { activeSetSize: 1 },
    pool: { mode: "off" },
    upstreams: { web: { host: HOST, port, candidates: hosts } },
    sources: { dns: false },
    ...config
  })
  stack.defer(() => fairlead.close())
  await until(
    "one serves, and the other is known",
    () => fairlead.status().upstreams[0]?.candidates.every(({ latencyMs }) => latencyMs !== null) === true
  )
  return { fairlead, port, bad, answer: () => waiting.splice(0).forEach((one) => one()) }
}

const isShut = (fairlead: FairleadClient) =>
  fairlead.status().upstreams[0]?.candidates.some(({ breaker }) => breaker === "open") === true

type Send = (path: string) => Promise<{ readonly status: number; readonly body: string }>

const clients: ReadonlyArray<
  readonly [string, (stack: AsyncDisposableStack, fairlead: FairleadClient, url: string) => Send]
> = [
  ["the dispatcher", (stack, fairlead, url) => {
    const dispatcher = dispatcherOf(fairlead, { failingStatuses: [503] })
    stack.defer(() => dispatcher.destroy())
    return async (path) => {
      const { statusCode, body } = await request(`${url}${path}`, { dispatcher })
      return { status: statusCode, body: await body.text() }
    }
  }],
  ["the agent", (stack, fairlead, url) => {
    const agent = httpAgentOf(fairlead, { failingStatuses: [503] })
    stack.defer(() => agent.destroy())
    return async (path) => {
      const response = await new Promise<http.IncomingMessage>((resolve, reject) =>
        http.get(`${url}${path}`, { agent }, resolve).on("error", reject)
      )
      return { status: response.statusCode ?? 0, body: await text(response) }
    }
  }]
]

describe("connections that were kept to a candidate which answers 503", () => {
  it.each(clients)("of %s serve no more once it is shut out", async (_, clientFor) => {
    await using stack = new AsyncDisposableStack()
    const breaker = { failureThreshold: 2, firstTrial: "10m", cooldown: "10m" }
    const { fairlead, port, bad } = await siteOf(stack, {}, { breaker })
    const send = clientFor(stack, fairlead, `http://${HOST}:${port}`)
    const answers = await Promise.all(Array.from({ length: KEPT }, () => send("/wait")))
    const [host = ""] = answers[0]!.body.split(":")
    assert.strictEqual(new Set(answers.map(({ body }) => body)).size, KEPT)
    assert.isTrue(answers.every(({ body }) => body.startsWith(host)))
    bad.add(host)
    assert.deepStrictEqual([(await send("/")).status, (await send("/")).status], [503, 503])
    await until("it is shut out", () => isShut(fairlead))
    // At least two of four connections are left.
    const { status, body } = await send("/")
    assert.strictEqual(status, 200)
    assert.isFalse(body.startsWith(host))
  })

  it("of HTTP/2 serve no more, even while they have other responses under way", async () => {
    await using stack = new AsyncDisposableStack()
    const { fairlead, port, bad, answer } = await siteOf(stack, { tls: good, h2: true }, {})
    const dispatcher = dispatcherOf(fairlead, { failingStatuses: [503], tls: { ca: authority } })
    stack.defer(() => dispatcher.destroy())
    const get = async (path: string) => (await request(`https://${HOST}:${port}${path}`, { dispatcher })).body.text()
    const first = await get("/")
    const slow = get("/wait")
    assert.strictEqual(await get("/"), first)
    bad.add(first.split(":")[0]!)
    assert.strictEqual(await get("/"), "")
    bad.clear()
    const next = await get("/")
    assert.notStrictEqual(next, first)
    answer()
    assert.strictEqual(await slow, first)
  })
})
