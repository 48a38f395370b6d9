/** Which callers the admin port answers, and how little a bad caller can occupy. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as net from "node:net"
import { ExposedError } from "../../src/shell/errors.ts"
import type { Answer, Asked } from "../support/admin.ts"
import { openEvents, request, withAdmin } from "../support/admin.ts"
import { blackHole } from "../support/blackHole.ts"
import { configWith } from "../support/config.ts"
import { until } from "../support/servers.ts"

const nowhere = configWith([{ candidates: [{ host: "127.0.0.1", port: 1 }], pool: { mode: "off" } }])
const TOKEN = "correct-horse-battery"

/** Without metrics their page is a 404, which takes a permit all the same. */
const HEALTH = ["/healthz", "/readyz", "/metrics"]

/** Not ready is a 503 as well; a 503 for a lack of permits names the key of the limit. */
const isSurplus = ({ status, body }: Answer) => status === 503 && body.includes("limits.")

/** The answer to raw bytes, until the server closes. */
function raw(port: number, text: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = net.connect(port, "127.0.0.1", () => socket.write(text))
    let answer = ""
    socket.setEncoding("utf8").on("data", (chunk) => (answer += chunk))
    socket.on("error", () => {}).once("close", () => resolve(answer))
  })
}

describe("the admin port's guard", () => {
  it.live("answers only to its own host names, in the Host header and in an absolute target", () =>
    withAdmin(nowhere, { hosts: ["localhost", "::1"] }, async ({ port }) => {
      const status = async (host: string) => (await request(port, "/status", { headers: { host } })).status
      assert.deepStrictEqual(
        await Promise.all(
          ["localhost", "LOCALHOST:99", "[::1]:99", "127.0.0.1", "evil.example", "localhost.evil.example", "[::2]"].map(
            status
          )
        ),
        [200, 200, 200, 421, 421, 421, 421]
      )
      const absolute = "GET http://evil.example/status HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
      assert.include(await raw(port, absolute), " 421 ")
      const strange = "GET /status HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n"
      assert.include(await raw(port, strange), " 421 ")
    }))

  it.live("requires the token on every path but /healthz and /readyz when one is set", () =>
    withAdmin(nowhere, { token: TOKEN }, async ({ port, asked }) => {
      const paths = ["/status", "/metrics", "/events", "/nowhere", "/healthz/", "/readyz/"]
      for (const path of paths) {
        const { status, headers } = await request(port, path)
        assert.deepStrictEqual([status, headers["www-authenticate"]], [401, 'Bearer realm="fairlead"'], path)
      }
      assert.strictEqual((await request(port, "/reload", { method: "POST" })).status, 401)
      assert.strictEqual((await request(port, "/healthz")).status, 200)
      const wrong = ["Bearer", "Bearer wrong", `Bearer ${TOKEN}x`, `Bearer ${TOKEN.slice(1)}`, `Basic ${TOKEN}`, TOKEN]
      for (const authorization of wrong) {
        const answer = await request(port, "/status", { headers: { authorization } })
        assert.strictEqual(answer.status, 401, authorization)
        assert.notInclude(JSON.stringify(answer), TOKEN)
      }
      for (const authorization of [`Bearer ${TOKEN}`, `bearer  ${TOKEN}`]) {
        assert.strictEqual((await request(port, "/status", { headers: { authorization } })).status, 200)
      }
      assert.deepStrictEqual(asked, [])
    }))

  it.live("says at /readyz whether the service is ready to every caller, and names upstreams to those with the token alone", () =>
    Effect.gen(function* () {
      const config = configWith([{ candidates: [{ host: "127.0.0.1", port: yield* blackHole }], pool: { mode: "off" } }])
      yield* withAdmin(config, { token: TOKEN }, async ({ port }) => {
        assert.deepInclude(await request(port, "/readyz"), { status: 503, body: "not ready\n" })
        const named = await request(port, "/readyz", { headers: { authorization: `Bearer ${TOKEN}` } })
        assert.deepInclude(named, { status: 503, body: "not ready: nothing selected yet for web\n" })
      })
    }).pipe(Effect.scoped))

  it.live("refuses orders and event streams from pages of other sites", () =>
    withAdmin(nowhere, {}, async ({ port, asked }) => {
      const host = `127.0.0.1:${port}`
      const refresh = async (headers: Asked["headers"]) =>
        (await request(port, "/refresh", { method: "POST", headers: { host, ...headers } })).status
      const foreign = [
        { "sec-fetch-site": "cross-site" },
        { "sec-fetch-site": "same-site" },
        { origin: "https://evil.example" },
        { origin: "null" },
        { origin: `http://127.0.0.1:${port + 1}` },
        { origin: `http://127.0.0.1:${port}.evil.example` }
      ]
      for (const headers of foreign) assert.strictEqual(await refresh(headers), 403, JSON.stringify(headers))
      assert.strictEqual((await request(port, "/events", { headers: { "sec-fetch-site": "cross-site" } })).status, 403)
      assert.deepStrictEqual(asked, [])
      for (
        const headers of [{}, { "sec-fetch-site": "same-origin", origin: `http://${host}` }, { "sec-fetch-site": "none" }]
      ) {
        assert.strictEqual(await refresh(headers), 202)
      }
    }))

  it.effect("does not listen beyond loopback without a token", () =>
    Effect.gen(function* () {
      const setting = { listen: { host: "0.0.0.0", port: 0 } }
      const error = yield* Effect.flip(withAdmin(nowhere, setting, () => Promise.resolve()))
      assert.instanceOf(error, ExposedError)
      assert.include((error as ExposedError).message, "set admin.token")
    }))

  it.live("listens beyond loopback with a token, and requires it", () =>
    withAdmin(nowhere, { listen: { host: "0.0.0.0", port: 0 }, token: TOKEN }, async ({ port }) => {
      assert.strictEqual((await request(port, "/status")).status, 401)
    }))
})

describe("the admin port's limits", () => {
  it.live("answer one reader of facts too many with 503 and Retry-After, until another one leaves", () =>
    withAdmin(nowhere, { readers: 2 }, async ({ port }) => {
      const streams = await Promise.all([openEvents(port), openEvents(port)])
      const { status, headers, body } = await request(port, "/events")
      assert.deepStrictEqual([status, headers["retry-after"]], [503, "1"])
      assert.include(body, "limits.eventReaders")
      streams[0]?.stop()
      let again = await openEvents(port)
      for (let i = 0; i < 200 && again.status === 503; i++) again = await openEvents(port)
      assert.strictEqual(again.status, 200)
      for (const stream of [...streams, again]) stream.stop()
    }))

  it.live("keep permits for health, metrics and status while 17 readers hold /events", () =>
    withAdmin(nowhere, { clients: 2, readers: 17 }, async ({ port }) => {
      const streams = await Promise.all(Array.from({ length: 17 }, () => openEvents(port)))
      assert.deepStrictEqual(streams.map(({ status }) => status), Array.from({ length: 17 }, () => 200))
      for (const path of [...HEALTH, "/status"]) assert.isFalse(isSurplus(await request(port, path)), path)
      for (const stream of streams) stream.stop()
    }))

  it.live("keep permits for health and metrics while slow requests hold all others", () =>
    withAdmin(nowhere, { clients: 2, timeoutMs: 60_000 }, async ({ port }) => {
      const slow = Array.from({ length: 2 }, () => net.connect(port, "127.0.0.1").on("error", () => {}))
      const half = "PUT /enabled HTTP/1.1\r\nHost: localhost\r\nContent-Length: 16\r\n\r\n{"
      for (const socket of slow) socket.write(half)
      let page = await request(port, "/status")
      for (let i = 0; i < 200 && page.status === 200; i++) page = await request(port, "/status")
      assert.deepStrictEqual([page.status, page.headers["retry-after"]], [503, "1"])
      assert.include(page.body, "limits.adminClients")
      for (const path of HEALTH) assert.isFalse(isSurplus(await request(port, path)), path)
      for (const socket of slow) socket.destroy()
      for (let i = 0; i < 200 && page.status === 503; i++) page = await request(port, "/status")
      assert.strictEqual(page.status, 200)
    }))

  it.live("keep answering beside 300 requests that never become complete", () =>
    withAdmin(nowhere, { clients: 2, readers: 2, timeoutMs: 60_000, token: TOKEN }, async ({ port }) => {
      const authorization = `Bearer ${TOKEN}`
      const halves: Array<net.Socket> = []
      for (
        const text of [
          "GET /healthz HTTP/1.1\r\nHo",
          "PUT /enabled HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{",
          ""
        ]
      ) {
        for (let i = 0; i < 100; i++) {
          const socket = net.connect(port, "127.0.0.1", () => socket.write(text)).on("error", () => {})
          halves.push(socket)
        }
        await until("they are connected", () => halves.every(({ connecting }) => !connecting))
        for (const path of [...HEALTH, "/status"]) {
          assert.isFalse(isSurplus(await request(port, path, { headers: { authorization } })), path)
        }
      }
      for (const socket of halves) socket.destroy()
    }))

  it.live("cut off a caller that sends its request too slowly, or nothing at all", () =>
    withAdmin(nowhere, { timeoutMs: 200 }, async ({ port }) => {
      const answers = await Promise.all([
        raw(port, "GET /healthz HTTP/1.1\r\nHost: local"),
        raw(port, "PUT /enabled HTTP/1.1\r\nHost: localhost\r\nContent-Length: 16\r\n\r\n{"),
        raw(port, "")
      ])
      assert.include(answers[0], " 408 ")
      assert.notInclude(answers[1], " 200 ")
    }))

  it.live("cut off a slow body after the timeout, not after twice the timeout", () =>
    withAdmin(nowhere, { timeoutMs: 1_000 }, async ({ port }) => {
      const took = async (text: string) => {
        const beganMs = performance.now()
        await raw(port, text)
        return performance.now() - beganMs
      }
      const tookMs = await Promise.all([
        took("PUT /enabled HTTP/1.1\r\nHost: localhost\r\nContent-Length: 16\r\n\r\n{"),
        took("POST /reload HTTP/1.1\r\nHost: evil.example\r\nContent-Length: 16\r\n\r\n{")
      ])
      for (const ms of tookMs) assert.isBelow(ms, 1_700)
      assert.isAbove(tookMs[0] ?? 0, 900)
    }))

  it.live("refuse a header of 100,000 bytes", () =>
    withAdmin(nowhere, {}, async ({ port }) => {
      const answer = await raw(port, `GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: ${"x".repeat(100_000)}\r\n\r\n`)
      assert.notInclude(answer, " 200 ")
      assert.strictEqual((await request(port, "/healthz")).status, 200)
    }))

  it.live("close every connection, idle ones and event streams too, when the port closes", () =>
    Effect.gen(function* () {
      const ended: Array<Promise<void>> = []
      yield* withAdmin(nowhere, {}, async ({ port }) => {
        const events = await openEvents(port)
        ended.push(new Promise((resolve) => events.response.once("close", () => resolve())))
        const idle = net.connect(port, "127.0.0.1")
        ended.push(new Promise((resolve) => idle.on("error", () => {}).resume().once("close", () => resolve())))
        await until("it is connected", () => !idle.connecting)
      })
      yield* Effect.promise(() => Promise.all(ended))
    }), 5_000)
})
