/** Pins of the configuration hold for HTTP clients too: the dispatcher and the agent send nothing to a server with another key. */
import { assert, describe, it } from "vitest"
import * as https from "node:https"
import { text } from "node:stream/consumers"
import { request } from "undici"
import { httpsAgentOf } from "../../src/http.ts"
import { createFairlead } from "../../src/mod.ts"
import { dispatcherOf } from "../../src/undici.ts"
import { good } from "../support/certificates.ts"
import { inScratch } from "../support/command.ts"
import { until } from "../support/servers.ts"
import { authorityFile, OTHER_PIN, pinOf } from "../support/stagedServers.ts"
import { serveWeb } from "../support/webServers.ts"

const HOST = "web.example"
const failure = (promise: Promise<unknown>): Promise<unknown> => promise.then(() => undefined, (error: unknown) => error)

describe("an upstream with pins", () => {
  it.each([["has", pinOf(good)], ["does not have", OTHER_PIN]])(
    "and a server that %s one of the keys, through dispatcher and agent",
    (has, pin) =>
      inScratch(async (directory) => {
        await using stack = new AsyncDisposableStack()
        const server = await serveWeb({ tls: good })
        stack.defer(server.stop)
        await using fairlead = await createFairlead({
          probing: { mode: "tcp", interval: "100ms" },
          selector: { evaluationInterval: "20ms" },
          sources: { dns: false },
          upstreams: {
            web: {
              host: HOST,
              port: server.port,
              candidates: [`127.0.0.1:${server.port}`],
              caFile: authorityFile(directory),
              tls: { pins: [pin] }
            }
          }
        })
        await until("there is a set", () => fairlead.status().upstreams[0]?.state === "active")
        const url = `https://${HOST}:${server.port}/`
        const dispatcher = dispatcherOf(fairlead)
        stack.defer(() => dispatcher.destroy())
        const agent = httpsAgentOf(fairlead)
        stack.defer(() => agent.destroy())
        const byDispatcher = request(url, { dispatcher }).then(({ body }) => body.text())
        const byAgent = new Promise<string>((resolve, reject) =>
          https.get(url, { agent }, (response) => void text(response).then(resolve, reject)).on("error", reject)
        )
        if (has === "has") {
          assert.deepStrictEqual([await byDispatcher, await byAgent], ["127.0.0.1 GET / ", "127.0.0.1 GET / "])
          return
        }
        for (const error of [await failure(byDispatcher), await failure(byAgent)]) {
          assert.match(String(error), /cannot connect to web over TLS: tried real web#1 pin/)
        }
        assert.strictEqual(server.requests(), 0)
      })
  )
})
