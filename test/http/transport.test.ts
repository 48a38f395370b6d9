/** The seed's tests of P4.3 by name: the HTTP client takes the pool's candidates. */
import { assert, describe, it } from "@effect/vitest"
import * as fs from "node:fs"
import * as path from "node:path"
import type { FairleadConfig } from "../../src/mod.ts"
import { servedBy } from "../../src/undici.ts"
import { cert, key } from "../support/certificate.ts"
import { expired, good } from "../support/certificates.ts"
import { inScratch } from "../support/command.ts"
import { until } from "../support/servers.ts"
import { clientFor, HOST, IN_ORDER, site } from "../support/site.ts"
import { serveWeb } from "../support/webServers.ts"

/** For `localhost`, which the system's resolver knows. */
const localhost = { key, cert }

/** The addresses of the system's resolver are no candidates, so that only the ladder uses them. */
const measured: FairleadConfig = {
  sources: { dns: false },
  probing: { interval: "1h" },
  selector: { evaluationInterval: "20ms" },
  pool: { mode: "off" }
}

describe("P4.3: the client", () => {
  it("candidate used: a measured candidate serves, with its source and its latency", async () => {
    await using stack = new AsyncDisposableStack()
    const servers = await site(stack, { tls: good })
    const { fetch, fairlead } = await clientFor(stack, servers, {}, {
      ...measured,
      upstreams: { [HOST]: { port: servers[0]?.port ?? 0, candidates: [`127.0.0.2:${servers[0]?.port}`] } }
    })
    await until("it is measured", () => fairlead.status().upstreams[0]?.candidates[0]?.active === true)
    const response = await fetch(`https://${HOST}:${servers[0]?.port}/`)
    const by = servedBy(response)
    assert.deepInclude(by, { candidate: `${HOST}#1`, source: "user-static", stage: "active" } as const)
    assert.isAbove(by?.latencyMs ?? 0, 0)
    assert.strictEqual(await response.text(), "127.0.0.2 GET / ")
  })

  const cases = [
    ["refuse connections", undefined],
    ["show an expired certificate", expired]
  ] as const
  it.each(cases)("candidates exhausted, system resolver serves: all candidates %s", async (_what, tls) => {
    await using stack = new AsyncDisposableStack()
    const system = await serveWeb({ host: "127.0.0.1", tls: localhost })
    stack.defer(system.stop)
    const { port } = system
    if (tls !== undefined) await site(stack, { tls, port }, { tls, port })
    const config: FairleadConfig = {
      ...measured,
      probing: { interval: "1h", mode: "tcp" },
      upstreams: { web: { host: "localhost", port, candidates: ["127.0.0.2", "127.0.0.3"] } }
    }
    const { fetch } = await clientFor(stack, [], { tls: { ca: cert } }, config)
    const response = await fetch(`https://localhost:${port}/`)
    assert.strictEqual(await response.text(), "127.0.0.1 GET / ")
    assert.deepInclude(servedBy(response), { upstream: "web", candidate: null, source: null, stage: "system" } as const)
  })

  it("second candidate recovers after the first fails, and later the first serves again", async () => {
    await using stack = new AsyncDisposableStack()
    const servers = await site(stack, { tls: good }, { tls: good })
    const { fetch } = await clientFor(stack, servers)
    const url = `https://${HOST}:${servers[0]?.port}/`
    const host = async () => {
      const response = await fetch(url, { headers: { connection: "close" } })
      return [(await response.text()).slice(0, 9), servedBy(response)?.candidate]
    }
    assert.deepStrictEqual(await host(), ["127.0.0.2", `${HOST}#1`])
    await servers[0]?.stop()
    assert.deepStrictEqual(await host(), ["127.0.0.3", `${HOST}#2`])
    await site(stack, { tls: good, port: servers[0]?.port ?? 0 })
    assert.deepStrictEqual(await host(), ["127.0.0.2", `${HOST}#1`])
  })

  it("disabled means bypassed: the system's resolver serves, though a candidate would", async () => {
    await using stack = new AsyncDisposableStack()
    const system = await serveWeb({ host: "127.0.0.1", tls: localhost })
    stack.defer(system.stop)
    const { port } = system
    const [candidate] = await site(stack, { tls: localhost, port })
    const upstreams = { web: { host: "localhost", port, candidates: ["127.0.0.2"] } }
    const { fetch, fairlead } = await clientFor(stack, [], { tls: { ca: cert } }, { ...measured, upstreams })
    await until("it is measured", () => fairlead.status().upstreams[0]?.candidates[0]?.active === true)
    const probes = candidate?.connections() ?? 0
    await fairlead.reload({ ...measured, enabled: false, upstreams })
    await until("it is off", () => fairlead.status().upstreams[0]?.state === "disabled")
    const response = await fetch(`https://localhost:${port}/`)
    assert.strictEqual(await response.text(), "127.0.0.1 GET / ")
    assert.deepInclude(servedBy(response), { candidate: null, source: null, latencyMs: null, stage: "disabled" } as const)
    assert.deepStrictEqual([candidate?.requests(), candidate?.connections()], [0, probes])
  })

  it("per-candidate counts exact: each connection is one success or one failure of its candidate", () =>
    inScratch(async (directory) => {
      const log = path.join(directory, "log")
      const requests = 10
      const counted = await (async () => {
        await using stack = new AsyncDisposableStack()
        const servers = await site(stack, { tls: expired }, { tls: good })
        const { port = 0 } = servers[0] ?? {}
        const candidates = servers.map(({ host }) => `${host}:${port}`)
        const config: FairleadConfig = {
          ...IN_ORDER,
          eventLog: { path: log },
          upstreams: { [HOST]: { port, candidates } }
        }
        const { fetch } = await clientFor(stack, servers, {}, config)
        for (let i = 0; i < requests; i++) {
          const response = await fetch(`https://${HOST}:${port}/`, { headers: { connection: "close" } })
          assert.strictEqual((await response.text()).slice(0, 9), "127.0.0.3")
        }
        return servers.map((one) => [one.connections(), one.requests()])
      })()
      assert.deepStrictEqual(counted, [[requests, 0], [requests, requests]])
      const lines = fs.readdirSync(log).filter((name) => name.endsWith(".ndjson")).flatMap((name) =>
        fs.readFileSync(path.join(log, name), "utf8").trim().split("\n")
      )
      const seen = new Map<number, { accepted: number; failed: number; done: number }>()
      for (const line of lines) {
        const { _tag, candidate, cause } = JSON.parse(line).event ?? {}
        if (_tag !== "ClientAccepted" && _tag !== "ClientClosed") continue
        const one = seen.get(candidate) ?? { accepted: 0, failed: 0, done: 0 }
        seen.set(candidate, one)
        one[_tag === "ClientAccepted" ? "accepted" : cause === "upstream-alert" ? "failed" : "done"]++
      }
      const inOrder = [...seen].sort(([a], [b]) => a - b).map(([, counts]) => counts)
      assert.deepStrictEqual(inOrder, [
        { accepted: requests, failed: requests, done: 0 },
        { accepted: requests, failed: 0, done: requests }
      ])
    }))
})
