/** How long HTTP connections are kept, what their ends teach, and what happens to a request that meets a dead one. */
import { assert, describe, it } from "@effect/vitest"
import * as fs from "node:fs"
import * as http from "node:http"
import * as https from "node:https"
import * as os from "node:os"
import * as path from "node:path"
import { text } from "node:stream/consumers"
import { request } from "undici"
import { httpAgentOf, httpsAgentOf } from "../../src/http.ts"
import type { FairleadClient, FairleadConfig } from "../../src/mod.ts"
import { createFairlead } from "../../src/mod.ts"
import { dispatcherOf, fetchOf } from "../../src/undici.ts"
import type { WarmTlsOptions } from "../../src/undici.ts"
import { authority, good } from "../support/certificates.ts"
import type { IdleServer, IdleServerOptions } from "../support/idleServer.ts"
import { serveIdle } from "../support/idleServer.ts"
import { until } from "../support/servers.ts"

const HOST = "web.example"
/** No probes and no warm sockets, so that each connection is one of the client. */
const IN_ORDER: FairleadConfig = { enabled: false }

type Send = (method?: string, body?: string) => Promise<string>

interface Site {
  readonly server: IdleServer
  readonly fairlead: FairleadClient
  readonly limitMs: () => number | undefined
}

async function siteOf(
  stack: AsyncDisposableStack,
  options: IdleServerOptions,
  config: FairleadConfig = IN_ORDER
): Promise<Site> {
  const server = await serveIdle(options)
  stack.defer(server.stop)
  const { port } = server
  const upstreams = { [HOST]: { port, candidates: [`127.0.0.1:${port}`] } }
  const fairlead = stack.use(await createFairlead({ upstreams, ...config }))
  return { server, fairlead, limitMs: () => fairlead.kept.limitMs(HOST, port) }
}

/** The connection is free a turn after its answer. */
async function freed(answer: Promise<string>): Promise<string> {
  const body = await answer
  await new Promise((resolve) => setImmediate(resolve))
  return body
}

function throughUndici(stack: AsyncDisposableStack, { fairlead, server }: Site, isTls: boolean): Send {
  const dispatcher = dispatcherOf(fairlead, { tls: { ca: authority } })
  stack.defer(() => dispatcher.destroy())
  const url = `${isTls ? "https" : "http"}://${HOST}:${server.port}/`
  return async (method = "GET", body) => {
    const answer = await request(url, { dispatcher, method, ...(body === undefined ? {} : { body }) })
    return freed(answer.body.text())
  }
}

function throughAgent(stack: AsyncDisposableStack, { fairlead, server }: Site, isTls: boolean): Send {
  const agent = isTls ? httpsAgentOf(fairlead, { tls: { ca: authority } }) : httpAgentOf(fairlead)
  stack.defer(() => agent.destroy())
  const url = `${isTls ? "https" : "http"}://${HOST}:${server.port}/`
  const send = isTls ? https.request : http.request
  return async (method = "GET", body) => {
    const answer = await new Promise<http.IncomingMessage>((resolve, reject) => {
      send(url, { agent, method }, resolve).on("error", reject).end(body)
    })
    return freed(text(answer))
  }
}

const clients = [
  ["the dispatcher", throughUndici, undefined],
  ["the dispatcher over TLS", throughUndici, good],
  ["the agent", throughAgent, undefined],
  ["the agent over TLS", throughAgent, good]
] as const

describe.each(clients)("idle connections of %s", (_name, through, tls) => {
  const options = tls === undefined ? {} : { tls }

  it("are used again, and teach by their end how long they live", async () => {
    await using stack = new AsyncDisposableStack()
    const site = await siteOf(stack, options)
    const send = through(stack, site, tls !== undefined)
    assert.strictEqual(site.limitMs(), 4_000)
    const beganMs = performance.now()
    assert.deepStrictEqual([await send(), await send()], ["1 ", "1 "])
    site.server.endIdle()
    await until("its end was learned", () => site.limitMs()! < 4_000)
    assert.isAtMost(site.limitMs()!, 0.7 * (performance.now() - beganMs))
    assert.strictEqual(await send(), "2 ")
  })

  it("teach nothing by an end that many have outlived, as at a restart of the server", async () => {
    await using stack = new AsyncDisposableStack()
    const site = await siteOf(stack, options)
    const send = through(stack, site, tls !== undefined)
    const reports: Array<string> = []
    const report = site.fairlead.kept.report
    Object.assign(site.fairlead.kept, {
      report: (...all: Parameters<typeof report>) => {
        reports.push(`${all[2]} ${all[4] === undefined ? "" : all[4] >= 7}`)
        return report(...all)
      }
    })
    await send()
    for (let i = 0; i < 8; i++) {
      const restedMs = performance.now()
      await until("it was idle for a while", () => performance.now() - restedMs > 15)
      await send()
    }
    site.server.endIdle()
    await until("its end was reported", () => reports.length > 0)
    assert.deepStrictEqual([...reports, site.limitMs()], ["closed true", 4_000])
  })

  it("that are too old serve no more; one stays open until its end, the others are closed", async () => {
    await using stack = new AsyncDisposableStack()
    const site = await siteOf(stack, options)
    const send = through(stack, site, tls !== undefined)
    site.fairlead.kept.report(HOST, site.server.port, "closed", 10)
    await until("the limit is in the routes", () => site.limitMs() === 7)
    assert.strictEqual(await send(), "1 ")
    const restedMs = performance.now()
    await until("it is too old", () => performance.now() - restedMs > 10)
    assert.strictEqual(await send(), "2 ")
    await until("the second one is closed", () => site.server.open().join() === "1")
    assert.strictEqual(await send(), "3 ")
    await until("the third one is closed", () => site.server.open().join() === "1")
  })

  it("live for 0.7 of the time that the server announces", async () => {
    await using stack = new AsyncDisposableStack()
    const site = await siteOf(stack, { ...options, announceSeconds: 30 })
    await through(stack, site, tls !== undefined)()
    await until("it is learned", () => site.limitMs() === 21_000)
  })
})

describe("a request that meets a dead connection", () => {
  /** Breaks every request but the first of a connection. */
  const once: IdleServerOptions = { breaks: (_request, count) => count > 1 }

  it.each([["GET", ""], ["HEAD", ""], ["OPTIONS", ""], ["DELETE", ""], ["PUT", "a body"]])(
    "is sent again on a new connection, if it is %s",
    async (method, body) => {
      await using stack = new AsyncDisposableStack()
      const site = await siteOf(stack, once)
      const send = throughUndici(stack, site, false)
      await send()
      assert.strictEqual(await send(method, body === "" ? undefined : body), method === "HEAD" ? "" : `2 ${body}`)
      assert.deepStrictEqual(site.server.requests, ["GET 1", `${method} 1`, `${method} 2`])
    }
  )

  it("fails, if it is POST or its body is a stream", async () => {
    await using stack = new AsyncDisposableStack()
    const site = await siteOf(stack, once)
    const send = throughUndici(stack, site, false)
    await send()
    const failed = await send("POST", "a body").then(() => undefined, (error) => error)
    assert.strictEqual(failed?.code, "UND_ERR_SOCKET")
    assert.deepStrictEqual(site.server.requests, ["GET 1", "POST 1"])

    const dispatcher = dispatcherOf(site.fairlead)
    stack.defer(() => dispatcher.destroy())
    const fetch = fetchOf(dispatcher)
    const url = `http://${HOST}:${site.server.port}/`
    await freed((await fetch(url)).text())
    const stream = new ReadableStream({
      start: (controller) => {
        controller.enqueue(new TextEncoder().encode("a body"))
        controller.close()
      }
    })
    const put = await fetch(url, { method: "PUT", body: stream, duplex: "half" } as RequestInit).then(
      () => undefined,
      (error) => error
    )
    assert.instanceOf(put, TypeError)
    assert.deepStrictEqual(site.server.requests.slice(2), ["GET 2", "PUT 2"])
  })

  it("is sent again once only, and not at all on a connection that was new", async () => {
    await using stack = new AsyncDisposableStack()
    let isBroken = false
    const site = await siteOf(stack, { breaks: () => isBroken })
    const send = throughUndici(stack, site, false)
    await send()
    isBroken = true
    assert.strictEqual((await send().then(() => undefined, (error) => error))?.code, "UND_ERR_SOCKET")
    assert.deepStrictEqual(site.server.requests, ["GET 1", "GET 1", "GET 2"])
    assert.strictEqual((await send().then(() => undefined, (error) => error))?.code, "UND_ERR_SOCKET")
    assert.deepStrictEqual(site.server.requests.slice(3), ["GET 3"])
  })
})

it("how long idle connections live is kept in history", async () => {
  await using stack = new AsyncDisposableStack()
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), "fairlead-kept-"))
  stack.defer(() => fs.rmSync(directory, { recursive: true }))
  const location = path.join(directory, "history.json")
  const server = await serveIdle({ announceSeconds: 10 })
  stack.defer(server.stop)
  const { port } = server
  const config: FairleadConfig = {
    upstreams: { [HOST]: { port, candidates: [`127.0.0.1:${port}`] } },
    history: { path: location }
  }
  {
    await using fairlead = await createFairlead(config)
    await until("the address is measured", () => fairlead.status().upstreams[0]?.state === "active")
    const dispatcher = dispatcherOf(fairlead)
    await (await request(`http://${HOST}:${port}/`, { dispatcher })).body.text()
    await until("it is learned", () => fairlead.kept.limitMs(HOST, port) === 7_000)
    await dispatcher.destroy()
  }
  await using later = await createFairlead(config)
  assert.strictEqual(later.kept.limitMs(HOST, port), 7_000)
})

describe("TLS connections that are opened ahead", () => {
  const warmSite = async (stack: AsyncDisposableStack, warmTls: WarmTlsOptions | boolean = true) => {
    const site = await siteOf(stack, { tls: good })
    const dispatcher = dispatcherOf(site.fairlead, { tls: { ca: authority }, warmTls })
    stack.defer(() => dispatcher.destroy())
    const begin = () => request(`https://${HOST}:${site.server.port}/`, { dispatcher })
    const send = async () => freed((await begin()).body.text())
    return { ...site, dispatcher, begin, send }
  }

  it("serve requests of an agent with the same TLS options alone, and end with it", async () => {
    await using stack = new AsyncDisposableStack()
    const { server, fairlead } = await siteOf(stack, { tls: good })
    const agent = httpsAgentOf(fairlead, { tls: { ca: authority }, warmTls: true, keepAlive: false })
    stack.defer(() => agent.destroy())
    const send = async (options: https.RequestOptions = {}) => {
      const url = `https://${HOST}:${server.port}/`
      const answer = await new Promise<http.IncomingMessage>((resolve, reject) => {
        https.get(url, { agent, ...options }, resolve).on("error", reject)
      })
      return freed(text(answer))
    }
    for (let i = 0; i < 2; i++) await send()
    await until("one waits", () => server.connections() === 3 && server.open().length === 1)
    const waiting = `${server.open()[0]} `
    // A certificate of the client would be such an option too.
    assert.strictEqual(await send({ minVersion: "TLSv1.3" }), "4 ")
    assert.strictEqual(await send(), waiting)
    await until("another one waits", () => server.open().length > 0)
    agent.destroy()
    await until("all are closed", () => server.open().length === 0)
  })

  it("wait for an origin in use, serve a request at once, and are replaced", async () => {
    await using stack = new AsyncDisposableStack()
    const { server, send, begin } = await warmSite(stack)
    assert.strictEqual(await send(), "1 ")
    assert.strictEqual(server.connections(), 1)
    assert.strictEqual(await send(), "1 ")
    await until("one waits", () => server.connections() === 2)
    // The first connection is busy, so the second request takes the one that waits.
    const [first, second] = [await begin(), await begin()]
    assert.deepStrictEqual([await first.body.text(), await second.body.text()].toSorted(), ["1 ", "2 "])
    await until("another one waits", () => server.connections() === 3)
  })

  it("are as many as the options say, and end with the dispatcher", async () => {
    await using stack = new AsyncDisposableStack()
    const { server, send, dispatcher } = await warmSite(stack, { perOrigin: 3 })
    for (let i = 0; i < 2; i++) await send()
    await until("three wait", () => server.connections() === 4)
    await dispatcher.destroy()
    await until("all are closed", () => server.open().length === 0)
    assert.strictEqual(server.connections(), 4)
  })

  it("are none without the option, or for an origin that was used only once", async () => {
    await using stack = new AsyncDisposableStack()
    const without = await warmSite(stack, false)
    for (let i = 0; i < 3; i++) await without.send()
    const once = await warmSite(stack)
    await once.send()
    const witness = await warmSite(stack)
    for (let i = 0; i < 2; i++) await witness.send()
    await until("the witness has one", () => witness.server.connections() === 2)
    assert.deepStrictEqual([without.server.connections(), once.server.connections()], [1, 1])
  })

  it("end when the origin is idle", async () => {
    await using stack = new AsyncDisposableStack()
    const { server, send } = await warmSite(stack, { idleAfterMs: 500 })
    while (server.connections() < 2) await send()
    await until("it is closed", () => !server.open().includes(2))
  })
})
