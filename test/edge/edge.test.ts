/** `createEdge` over sockets of this runtime, made to look like those of `cloudflare:sockets`. */
import { assert, describe, it } from "vitest"
import { once } from "node:events"
import * as net from "node:net"
import type { ConnectSocket, EdgeConfig, EdgeContext, EdgeSocket } from "../../src/edge.ts"
import { createEdge, EdgeConnectError, UnknownEdgeUpstreamError } from "../../src/edge.ts"
import { freePorts } from "../support/freePorts.ts"
import type { Server } from "../support/servers.ts"
import { serve } from "../support/servers.ts"

interface Socket extends EdgeSocket {
  readonly port: number
}

const dialled: Array<number> = []
const connect: ConnectSocket<Socket> = ({ hostname, port }) => {
  dialled.push(port)
  const socket = net.connect(port, hostname)
  const close = () => {
    socket.destroy()
    return Promise.resolve()
  }
  return { port, opened: once(socket, "connect"), closed: once(socket, "close"), close }
}

async function scene(use: (servers: ReadonlyArray<Server>, dead: number) => Promise<void>): Promise<void> {
  const servers = [await serve(() => {}), await serve(() => {})]
  const [dead = 0] = await freePorts(1)
  dialled.length = 0
  await use(servers, dead).finally(() => Promise.all(servers.map(({ stop }) => stop())))
}

const at = (...ports: ReadonlyArray<number>) => ports.map((port) => `127.0.0.1:${port}`)
const open = { connect, token: null }

describe("an edge", () => {
  it("answers the first request with a measured ranking, and later ones while their round goes on behind the answer", () =>
    scene(async ([one, two], dead) => {
      const edge = createEdge({ upstreams: { api: { candidates: at(dead, one!.port, two!.port) } } }, open)
      const behind: Array<Promise<unknown>> = []
      const context: EdgeContext = { waitUntil: (promise) => void behind.push(promise) }
      const response = await edge.fetch(new Request("https://edge.example/rank/api"), {}, context)
      const { state, candidates } = await response.json()
      assert.strictEqual(state, "active")
      assert.strictEqual(candidates.at(-1).address, `127.0.0.1:${dead}`)
      assert.lengthOf(candidates, 3)
      assert.lengthOf(behind, 1)
      await Promise.all(behind)
      const ranking = edge.rank("api")
      assert.deepStrictEqual(ranking.candidates.map(({ active }) => active), [true, true, false])
      const few = await edge.fetch(new Request("https://edge.example/rank/api?candidates=1"), {}, context)
      assert.lengthOf((await few.json()).candidates, 1)
      assert.throws(() => edge.rank("web"), UnknownEdgeUpstreamError)
    }))

  it("connects by the best candidate, and tells what it tried when none can be reached", () =>
    scene(async ([one], dead) => {
      const edge = createEdge(
        { upstreams: { api: { candidates: at(dead, one!.port) }, gone: { candidates: at(dead) } } },
        open
      )
      await edge.scheduled()
      dialled.length = 0
      const socket = await edge.connect("api")
      assert.deepStrictEqual([socket.port, dialled], [one!.port, [one!.port]])
      await socket.close()
      const failed: unknown = await edge.connect("gone").then(() => undefined, (cause) => cause)
      assert.instanceOf(failed, EdgeConnectError)
      assert.deepInclude(failed.tried[0], { candidate: "gone#1", outcome: "unreachable" })
    }))

  it("turns to the next candidate after failed connections, between two rounds", () =>
    scene(async ([one, two]) => {
      const config: EdgeConfig = {
        upstreams: { api: { candidates: at(one!.port, two!.port) } },
        selector: { activeSetSize: 1 },
        breaker: { failureThreshold: 1 }
      }
      const edge = createEdge(config, open)
      await edge.round()
      const [best] = edge.rank("api").candidates
      const server = [one!, two!].find(({ port }) => best?.address === `127.0.0.1:${port}`)!
      await server.stop()
      // The plan goes on with the other one, and the failure counts.
      const port = (await edge.connect("api")).port
      assert.notStrictEqual(port, server.port)
      assert.strictEqual(edge.rank("api").candidates[0]?.address, `127.0.0.1:${port}`)
      const shown = edge.status().upstreams[0]?.candidates.find(({ address }) => address === best?.address)
      assert.strictEqual(shown?.breaker, "open")
    }))

  it("finds an address on first use where an upstream is not preheated", () =>
    scene(async ([one], dead) => {
      const edge = createEdge({ upstreams: { api: { candidates: at(dead, one!.port), preheat: false } } }, open)
      await edge.round()
      assert.deepStrictEqual(dialled, [])
      assert.strictEqual((await edge.connect("api")).port, one!.port)
      assert.strictEqual(edge.rank("api").candidates[0]?.address, `127.0.0.1:${one!.port}`)
    }))

  it("resolves names by the function that the program brings, within the limits of dns", () =>
    scene(async ([one]) => {
      const asked: Array<string> = []
      const upstreams = {
        api: { host: "api.example", port: one!.port },
        lost: { host: "lost.example", port: one!.port },
        slow: { host: "slow.example", port: one!.port }
      }
      let aborted = false
      const edge = createEdge({ upstreams, dns: { timeout: "100ms", servers: ["192.0.2.53"] } }, {
        ...open,
        resolve: (host, { servers, timeoutMs, signal }) => {
          asked.push(`${host} ${servers} ${timeoutMs}`)
          if (host === "lost.example") return Promise.reject(new Error("no such name"))
          if (host === "api.example") return Promise.resolve(["127.0.0.1", "0.0.0.0", "nonsense"])
          return new Promise(() => signal.addEventListener("abort", () => (aborted = true)))
        }
      })
      await edge.round()
      assert.sameMembers([...new Set(asked)], ["api", "lost", "slow"].map((name) => `${name}.example 192.0.2.53 100`))
      assert.isTrue(aborted)
      const counts = edge.status().upstreams.map(({ name, candidateCount, state }) => [name, candidateCount, state])
      assert.deepStrictEqual(counts[0], ["api", 1, "active"])
      assert.deepStrictEqual(counts.slice(1).map(([, count]) => count), [0, 0])
    }))
})
