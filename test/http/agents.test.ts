/** node:http and node:https through Fairlead, against servers on several addresses. */
import { assert, describe, it } from "@effect/vitest"
import * as http from "node:http"
import * as https from "node:https"
import * as path from "node:path"
import { text } from "node:stream/consumers"
import { httpAgentOf, httpsAgentOf, servedBy } from "../../src/http.ts"
import type { AgentOptions, ResponseInfo } from "../../src/http.ts"
import { authority, good } from "../support/certificates.ts"
import { inScratch } from "../support/command.ts"
import { until } from "../support/servers.ts"
import { failureOf, fairleadFor, HOST, site } from "../support/site.ts"
import type { WebOptions } from "../support/webServers.ts"

/** Resolves with the response, before its body. */
const send = (
  url: string,
  options: http.RequestOptions,
  body?: string,
  signal?: AbortSignal
): Promise<http.IncomingMessage> =>
  new Promise((resolve, reject) => {
    const { request } = url.startsWith("https:") ? https : http
    request(url, { ...options, ...(signal === undefined ? {} : { signal }) }, resolve).on("error", reject).end(body)
  })

async function agents(stack: AsyncDisposableStack, options: AgentOptions, ...each: ReadonlyArray<WebOptions>) {
  const servers = await site(stack, ...each)
  const fairlead = await fairleadFor(stack, servers)
  const isTls = each[0]?.tls !== undefined
  const agent = isTls ? httpsAgentOf(fairlead, { tls: { ca: authority }, ...options }) : httpAgentOf(fairlead, options)
  stack.defer(() => agent.destroy())
  return { servers, agent, url: `${isTls ? "https" : "http"}://${HOST}:${servers[0]?.port}/` }
}

describe.each([["http", {}], ["https", { tls: good }]] as const)("an agent for %s", (_protocol, server) => {
  it("keeps a connection for further requests, and tells what served each response", async () => {
    await using stack = new AsyncDisposableStack()
    const { servers, agent, url } = await agents(stack, {}, server, server)
    for (let i = 0; i < 3; i++) {
      const response = await send(url, { agent, method: "POST" }, `body ${i}`)
      assert.deepInclude(servedBy(response), { upstream: HOST, candidate: `${HOST}#1`, stage: "disabled" } as const)
      assert.strictEqual(await text(response), `127.0.0.2 POST / body ${i}`)
      await until("the connection is free", () => Object.keys(agent.freeSockets).length === 1)
    }
    assert.deepStrictEqual(servers.map((one) => [one.connections(), one.requests()]), [[1, 3], [0, 0]])
  })

  it("opens a connection for each request without keep-alive", async () => {
    await using stack = new AsyncDisposableStack()
    const { servers, agent, url } = await agents(stack, { keepAlive: false }, server)
    for (let i = 0; i < 2; i++) await text(await send(url, { agent }))
    assert.strictEqual(servers[0]?.connections(), 2)
  })

  it("uses no connection again after an answer that counted as a failure, or after too long a pause", async () => {
    await using stack = new AsyncDisposableStack()
    const seen: Array<ResponseInfo> = []
    let limitMs: number | undefined = undefined
    let status = 503
    const { servers, agent, url } = await agents(stack, {
      failingStatuses: [503],
      idleLimitMs: () => limitMs,
      onResponse: (one) => void seen.push(one)
    }, { ...server, answer: (_, response) => void response.writeHead(status).end("x") })
    const once = async () => {
      await text(await send(url, { agent }))
      await until("no request is under way", () => Object.keys(agent.sockets).length === 0)
    }
    await once()
    status = 200
    await once()
    assert.strictEqual(servers[0]?.connections(), 2)
    await once()
    assert.strictEqual(servers[0]?.connections(), 2)
    limitMs = 0
    await once()
    assert.strictEqual(servers[0]?.connections(), 3)
    assert.deepStrictEqual(seen.map(({ statusCode }) => statusCode), [503, 200, 200, 200])
    assert.deepInclude(seen[0], { origin: url.slice(0, -1), method: "GET", path: "/" })
  })

  it("passes an answer on piece by piece, and an abort ends it on both sides", async () => {
    await using stack = new AsyncDisposableStack()
    let closed = false
    const { agent, url } = await agents(stack, {}, {
      ...server,
      answer: (_, response) => {
        response.on("close", () => (closed = true))
        response.write("first")
      }
    })
    const stop = new AbortController()
    const response = await send(url, { agent }, undefined, stop.signal)
    const [first] = await new Promise<Array<unknown>>((resolve) => response.once("data", (...all) => resolve(all)))
    assert.strictEqual(String(first), "first")
    const rest = failureOf(text(response))
    stop.abort()
    assert.isDefined(await rest)
    await until("the server sees the end", () => closed)
  })

  it("discards the answer of a request that does not listen, as Node does", async () => {
    await using stack = new AsyncDisposableStack()
    const { agent, url, servers } = await agents(stack, {}, server)
    const { request } = url.startsWith("https:") ? https : http
    request(url, { agent }).end()
    await until("the connection is free", () => Object.keys(agent.freeSockets).length === 1)
    await text(await send(url, { agent }))
    assert.strictEqual(servers[0]?.connections(), 1)
  })

  it("fails a request that no address takes, with the reason", async () => {
    await using stack = new AsyncDisposableStack()
    const { agent, url, servers } = await agents(stack, {}, server)
    await servers[0]?.stop()
    const error = await failureOf(send(url, { agent }))
    assert.match(error.message, /cannot connect to web\.example: tried web\.example#1 refused after \d+ ms/)
  })
})

it("an agent leaves a socket of the file system to Node", () =>
  inScratch(async (directory) => {
    await using stack = new AsyncDisposableStack()
    const socketPath = path.join(directory, "web.sock")
    const server = http.createServer((_, response) => void response.end("by file"))
    await new Promise<void>((resolve) => server.listen(socketPath, resolve))
    stack.defer(() => void server.close())
    const fairlead = await fairleadFor(stack, [{ host: "127.0.0.2", port: 1 }])
    const agent = httpAgentOf(fairlead, { keepAlive: false })
    assert.strictEqual(await text(await send("http://localhost/", { agent, socketPath })), "by file")
  }))
