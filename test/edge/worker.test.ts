/** Workers in workerd: they probe, rank and connect by their own sockets, against servers on loopback. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as fs from "node:fs"
import * as path from "node:path"
import { blackHole } from "../support/blackHole.ts"
import { ROOT } from "../support/command.ts"
import { freePorts } from "../support/freePorts.ts"
import { neutralBundle } from "../support/neutralBundle.ts"
import { serving } from "../support/relaying.ts"
import type { Worker } from "../support/workerd.ts"
import { noWorkerd, worker } from "../support/workerd.ts"

const TOKEN = "a-token-of-this-test"
const authorization = `Bearer ${TOKEN}`

/** A worker with an upstream `api`, and a path `/ask` that connects and sends a line. */
const PROGRAM = `
import { connect } from "cloudflare:sockets"
import { env } from "cloudflare:workers"
import { createEdge, replayRecord } from "fairlead/edge"

const edge = createEdge(JSON.parse(env.CONFIG), { connect, token: null })
export default {
  ...edge,
  async fetch(request, _env, context) {
    const { pathname } = new URL(request.url)
    if (pathname === "/round") return edge.round().then(() => Response.json(edge.rank("api")))
    if (pathname === "/replay") {
      const segment = { segment: 1, body: request.body }
      return replayRecord([segment], { maxBytes: 2_000 }).then((verdict) => Response.json(verdict), (error) => new Response(error.message))
    }
    if (pathname !== "/ask") return edge.fetch(request, _env, context)
    try {
      const socket = await edge.connect("api", context)
      const writer = socket.writable.getWriter()
      await writer.write(new TextEncoder().encode("hello"))
      await writer.close()
      return new Response(socket.readable)
    } catch (error) {
      return Response.json({ name: error.name, message: error.message, tried: error.tried }, { status: 502 })
    }
  }
}
`

function once<A>(make: () => A): () => A {
  let made: { readonly value: A } | undefined
  return () => (made ??= { value: make() }).value
}

const running = (code: string, bindings: Record<string, string>) =>
  Effect.acquireRelease(
    Effect.promise(() => worker(code, bindings)),
    (one: Worker) => Effect.promise(() => one[Symbol.asyncDispose]())
  )
const bundled = once(() => neutralBundle({ text: PROGRAM }))
const text = (url: string, init?: RequestInit) => Effect.promise(async () => (await fetch(url, init)).text())
const json = (url: string, init?: RequestInit) => Effect.map(text(url, init), (body) => JSON.parse(body))
const echoing = (name: string) =>
  serving((socket) => void socket.on("error", () => {}).once("data", (chunk) => socket.end(`${name}: ${chunk}`)))

const EXAMPLE = "examples/workerd.mjs"

describe(EXAMPLE, () => {
  it("has at most fifteen lines, and is the block of docs/embedding.md", () => {
    const code = fs.readFileSync(path.join(ROOT, EXAMPLE), "utf8")
    assert.isAtMost(code.trimEnd().split("\n").length, 15)
    assert.include(fs.readFileSync(path.join(ROOT, "docs/embedding.md"), "utf8"), `\`\`\`js\n${code}\`\`\``)
  })
})

describe.skipIf(noWorkerd)("the worker of examples/workerd.mjs", () => {
  it.live("ranks the address that answers before the one that refuses, and shows both in /status", () =>
    Effect.gen(function* () {
      const { port } = yield* echoing("a")
      const [refusing = 0] = yield* Effect.promise(() => freePorts(1))
      const code = yield* Effect.promise(() => neutralBundle({ file: EXAMPLE }))
      const { url } = yield* running(code, { CANDIDATES: `127.0.0.1:${refusing},127.0.0.1:${port}`, TOKEN })
      const refused = yield* Effect.promise(() => fetch(`${url}/rank/api`))
      assert.strictEqual(refused.status, 401)
      const guessed = yield* Effect.promise(() => fetch(`${url}/status`, { headers: { authorization: "Bearer guess" } }))
      assert.strictEqual(guessed.status, 401)

      const ranking = yield* json(`${url}/rank/api`, { headers: { authorization } })
      assert.deepStrictEqual([ranking.upstream, ranking.state], ["api", "active"])
      const [best, other] = ranking.candidates
      assert.deepInclude(best, { id: "api#2", address: `127.0.0.1:${port}`, active: true })
      assert.isNumber(best.costMs)
      assert.deepInclude(other, { id: "api#1", address: `127.0.0.1:${refusing}`, active: false })

      const status = yield* json(`${url}/status`, { headers: { authorization } })
      assert.strictEqual(status.upstreams[0].state, "active")
      // Addresses as networks: a worker is no local port.
      const shown = status.upstreams[0].candidates.map(({ id, address }: { id: string; address: string }) => [id, address])
      assert.deepStrictEqual(shown, [["api#2", "127.0.0.0/24"], ["api#1", "127.0.0.0/24"]])

      const answers = yield* Effect.promise(() =>
        Promise.all(
          ["/rank/other", "/", "/rank/api?candidates=x"].map((path) =>
            fetch(`${url}${path}`, { headers: { authorization } })
          )
        )
      )
      assert.deepStrictEqual(answers.map(({ status }) => status), [404, 404, 400])
      const posted = yield* Effect.promise(() => fetch(`${url}/rank/api`, { method: "POST", headers: { authorization } }))
      assert.strictEqual(posted.status, 405)
    }).pipe(Effect.scoped))
})

describe.skipIf(noWorkerd)("a worker", () => {
  it.live("connects by the dial plan: past an address that refuses, and past one that does not answer", () =>
    Effect.gen(function* () {
      const { port } = yield* echoing("alive")
      const silent = yield* blackHole
      const [refusing = 0] = yield* Effect.promise(() => freePorts(1))
      const candidates = [refusing, silent, port].map((one) => `127.0.0.1:${one}`)
      const CONFIG = JSON.stringify({
        upstreams: { api: { candidates } },
        dial: { raceDelay: "20ms" },
        probing: { timeout: "300ms" },
        attempts: 3
      })
      const code = yield* Effect.promise(bundled)
      const { url } = yield* running(code, { CONFIG })
      // Before any measurement, in the order of the list.
      assert.strictEqual(yield* text(`${url}/ask`), "alive: hello")
      const ranking = yield* json(`${url}/round`)
      assert.strictEqual(ranking.candidates[0].address, `127.0.0.1:${port}`)
      // The round of the first request goes on beside the others until the silent address has had its time.
      const deadline = performance.now() + 10_000
      let seen: Record<string, boolean> = {}
      while (Object.values(seen).filter((failed) => failed).length < 2 && performance.now() < deadline) {
        const { upstreams: [api] } = yield* json(`${url}/status`)
        const shown: ReadonlyArray<{ readonly id: string; readonly successRate: number }> = api.candidates
        seen = Object.fromEntries(shown.map(({ id, successRate }) => [id, successRate < 1]))
      }
      assert.deepStrictEqual(seen, { "api#1": true, "api#2": true, "api#3": false })
      assert.strictEqual(yield* text(`${url}/ask`), "alive: hello")
      // A body of a record is read up to the limit that the program gives.
      const posted = { method: "POST", body: "x".repeat(3_000) }
      assert.include(yield* text(`${url}/replay`, posted), "more than 2000 bytes")
    }).pipe(Effect.scoped))

  it.live("says what it tried when no address can be reached", () =>
    Effect.gen(function* () {
      const ports = yield* Effect.promise(() => freePorts(2))
      const CONFIG = JSON.stringify({ upstreams: { api: { candidates: ports.map((one) => `127.0.0.1:${one}`) } } })
      const code = yield* Effect.promise(bundled)
      const { url } = yield* running(code, { CONFIG })
      const failed = yield* json(`${url}/ask`)
      assert.strictEqual(failed.name, "EdgeConnectError")
      assert.match(failed.message, /^cannot connect to api: tried api#1 unreachable after \d+ ms, api#2 unreachable/)
      assert.sameMembers(failed.tried.map(({ candidate }: { candidate: string }) => candidate), ["api#1", "api#2"])
    }).pipe(Effect.scoped))
})
