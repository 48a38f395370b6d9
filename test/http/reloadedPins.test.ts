/** A reload that adds or changes pins: connections that were kept from before take no request, however they were kept. */
import { assert, describe, it } from "vitest"
import * as http from "node:http"
import * as https from "node:https"
import { text } from "node:stream/consumers"
import type { Agent } from "undici"
import { request } from "undici"
import { httpsAgentOf } from "../../src/http.ts"
import type { FairleadConfig } from "../../src/mod.ts"
import { createFairlead } from "../../src/mod.ts"
import { dispatcherOf } from "../../src/undici.ts"
import { authority, good } from "../support/certificates.ts"
import { inScratch } from "../support/command.ts"
import { until } from "../support/servers.ts"
import { authorityFile, OTHER_PIN, pinOf } from "../support/stagedServers.ts"
import { serveWeb } from "../support/webServers.ts"

const HOST = "web.example"
const MISMATCH = /cannot connect to web over TLS: tried real web#1 pin/

/** A site that answers `/slow` by a stream which ends as the test wants, and `use` with a Fairlead that has no pins for it yet. */
async function withSite(
  h2: boolean,
  use: (site: {
    readonly url: string
    readonly fairlead: Awaited<ReturnType<typeof createFairlead>>
    readonly stack: AsyncDisposableStack
    readonly requests: () => number
    /** Handshakes of TLS that succeeded. */
    readonly tlsConnections: () => number
    readonly pin: (...pins: ReadonlyArray<string>) => Promise<unknown>
    readonly endSlow: () => void
  }) => Promise<void>
): Promise<void> {
  await inScratch(async (directory) => {
    await using stack = new AsyncDisposableStack()
    const slow: Array<http.ServerResponse> = []
    const server = await serveWeb({
      tls: good,
      h2,
      answer: ({ url, socket }, response) => {
        if (url === "/port") return void response.end(String(socket.remotePort))
        if (url !== "/slow") return void response.end("served")
        response.write("begun")
        slow.push(response)
      }
    })
    stack.defer(server.stop)
    const config = (pins: ReadonlyArray<string>): FairleadConfig => ({
      probing: { mode: "tcp" },
      pool: { mode: "off" },
      sources: { dns: false },
      upstreams: {
        web: {
          host: HOST,
          port: server.port,
          candidates: [`127.0.0.1:${server.port}`],
          caFile: authorityFile(directory),
          tls: { pins }
        }
      }
    })
    const fairlead = await createFairlead(config([]))
    stack.defer(() => fairlead.close())
    await until("there is a set", () => fairlead.status().upstreams[0]?.state === "active")
    await use({
      url: `https://${HOST}:${server.port}`,
      fairlead,
      stack,
      requests: server.requests,
      tlsConnections: server.tlsConnections,
      pin: (...pins) => fairlead.reload(config(pins)),
      endSlow: () => {
        for (const response of slow.splice(0)) response.end()
      }
    })
  })
}

const byDispatcher = async (dispatcher: Agent, url: string) => (await request(url, { dispatcher })).body.text()
const byAgent = (agent: https.Agent, url: string) =>
  new Promise<string>((resolve, reject) =>
    https.get(url, { agent }, (response) => void text(response).then(resolve, reject)).on("error", reject)
  )
const failure = (promise: Promise<unknown>): Promise<string> => promise.then(() => "served", String)

describe("after a reload with other pins", () => {
  it.each([["HTTP/1.1", false], ["HTTP/2", true]])(
    "an idle connection of the dispatcher over %s takes no request, and a new one serves only with a pinned key",
    (_, h2) =>
      withSite(h2, async ({ url, fairlead, stack, requests, pin }) => {
        const dispatcher = dispatcherOf(fairlead, { tls: { ca: authority }, connections: 1 })
        stack.defer(() => dispatcher.destroy())
        assert.deepStrictEqual([await byDispatcher(dispatcher, url), await byDispatcher(dispatcher, url)], [
          "served",
          "served"
        ])
        assert.strictEqual(requests(), 2)
        await pin(OTHER_PIN)
        assert.match(await failure(byDispatcher(dispatcher, url)), MISMATCH)
        assert.strictEqual(requests(), 2)
        await pin(OTHER_PIN, pinOf(good))
        const port = await byDispatcher(dispatcher, `${url}/port`)
        assert.strictEqual(await byDispatcher(dispatcher, `${url}/port`), port)
        await pin(OTHER_PIN)
        assert.match(await failure(byDispatcher(dispatcher, url)), MISMATCH)
        assert.strictEqual(requests(), 4)
      })
  )

  it.each([["as many connections as it likes", {}], ["one connection", { connections: 1 }]])(
    "a connection of HTTP/2 under a response takes no second request, in a dispatcher with %s",
    (_, options) =>
      withSite(true, async ({ url, fairlead, stack, requests, pin, endSlow }) => {
        const dispatcher = dispatcherOf(fairlead, { tls: { ca: authority }, ...options })
        stack.defer(() => dispatcher.destroy())
        const slow = await request(`${url}/slow`, { dispatcher })
        await pin(OTHER_PIN)
        const refused = failure(byDispatcher(dispatcher, url))
        if (!("connections" in options)) assert.match(await refused, MISMATCH)
        // What had begun is not cut.
        endSlow()
        assert.strictEqual(await slow.body.text(), "begun")
        assert.match(await refused, MISMATCH)
        assert.strictEqual(requests(), 1)
      })
  )

  it("an idle connection of the agent takes no request, and neither does one that becomes free while a request waits", () =>
    withSite(false, async ({ url, fairlead, stack, requests, pin, endSlow }) => {
      const agent = httpsAgentOf(fairlead, { tls: { ca: authority }, maxSockets: 1 })
      stack.defer(() => agent.destroy())
      assert.strictEqual(await byAgent(agent, url), "served")
      await pin(OTHER_PIN)
      assert.match(await failure(byAgent(agent, url)), MISMATCH)
      await pin()
      const slow = byAgent(agent, `${url}/slow`)
      await until("it is under way", () => requests() === 2)
      const waiting = failure(byAgent(agent, url))
      await pin(OTHER_PIN)
      endSlow()
      assert.strictEqual(await slow, "begun")
      assert.match(await waiting, MISMATCH)
      assert.strictEqual(requests(), 2)
    }))

  it("a connection that was opened ahead of use takes no request", () =>
    withSite(false, async ({ url, fairlead, stack, requests, tlsConnections, pin, endSlow }) => {
      const dispatcher = dispatcherOf(fairlead, { tls: { ca: authority }, warmTls: true })
      stack.defer(() => dispatcher.destroy())
      assert.strictEqual(await byDispatcher(dispatcher, url), "served")
      const before = tlsConnections()
      const slow = await request(`${url}/slow`, { dispatcher })
      await until("one waits, beside the one in use", () => tlsConnections() > before)
      await pin(OTHER_PIN)
      assert.match(await failure(byDispatcher(dispatcher, url)), MISMATCH)
      assert.strictEqual(requests(), 2)
      endSlow()
      assert.strictEqual(await slow.body.text(), "begun")
    }))
})
