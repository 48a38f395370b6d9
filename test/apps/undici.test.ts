/** undici and fetch through Fairlead, against servers on several addresses. */
import { assert, describe, it } from "@effect/vitest"
import type { Agent } from "undici"
import { request } from "undici"
import type { FairleadConfig } from "../../src/mod.ts"
import { createFairlead } from "../../src/mod.ts"
import type { DispatcherOptions } from "../../src/undici.ts"
import { dispatcherOf, fetchOf, servedBy } from "../../src/undici.ts"
import { authority, good } from "../support/certificates.ts"
import { starting } from "../support/stack.ts"
import type { Web, WebOptions } from "../support/webServers.ts"
import { serveWeb } from "../support/webServers.ts"

/** Servers of web.example on 127.0.0.2, 127.0.0.3, ..., all with one port. */
async function site(stack: AsyncDisposableStack, ...each: ReadonlyArray<WebOptions>) {
  const servers: Array<Web> = []
  for (const [i, options] of each.entries()) {
    const port = servers[0]?.port ?? 0
    servers.push(await starting(stack, serveWeb({ host: `127.0.0.${i + 2}`, port, ...options })))
  }
  return servers
}

/** The list serves in its order, so a test knows which comes first. */
async function opened(
  stack: AsyncDisposableStack,
  servers: ReadonlyArray<{ readonly host: string; readonly port: number }>,
  options: DispatcherOptions = {},
  config: FairleadConfig = { enabled: false }
) {
  const port = servers[0]?.port ?? 0
  const candidates = servers.map(({ host }) => `${host}:${port}`)
  const fairlead = stack.use(
    await createFairlead({
      ...config,
      upstreams: { "web.example": { port, candidates, ...config.upstreams?.["web.example"] } }
    })
  )
  const dispatcher: Agent = dispatcherOf(fairlead, { tls: { ca: authority }, ...options })
  stack.defer(() => dispatcher.destroy())
  return { fairlead, dispatcher, fetch: fetchOf(dispatcher), port }
}

describe("the dispatcher", () => {
  it("keeps a connection for further requests, and tells what served each of them", async () => {
    await using stack = new AsyncDisposableStack()
    const servers = await site(stack, {}, {})
    const { fetch, port } = await opened(stack, servers, { connections: 1 })
    for (const path of ["/a", "/b", "/c"]) {
      const response = await fetch(`http://web.example:${port}${path}`)
      assert.strictEqual(await response.text(), `127.0.0.2 GET ${path} `)
      assert.deepInclude(servedBy(response), { upstream: "web.example", candidate: "web.example#1", stage: "disabled" })
    }
    assert.deepStrictEqual(servers.map((one) => [one.connections(), one.requests()]), [[1, 3], [0, 0]])
  })

  it("sends requests over HTTP/2 where the server offers it, and checks the certificate for the host", async () => {
    await using stack = new AsyncDisposableStack()
    const servers = await site(stack, { tls: good, h2: true })
    const { dispatcher, port } = await opened(stack, servers, { tls: { ca: authority, ALPNProtocols: ["h2", "http/1.1"] } })
    const all = await Promise.all(
      ["/a", "/b", "/c"].map((path) => request(`https://web.example:${port}${path}`, { dispatcher }))
    )
    for (const one of all) {
      assert.strictEqual(one.statusCode, 200)
      assert.strictEqual(servedBy(one)?.candidate, "web.example#1")
      await one.body.text()
    }
    assert.deepStrictEqual([servers[0]?.connections(), servers[0]?.requests()], [1, 3])
  })
})
