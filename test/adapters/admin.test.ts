/** The answers of the admin port, over real HTTP. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { isReady } from "../../src/core/ready.ts"
import { Exposition } from "../../src/shell/Exposition.ts"
import { request, withAdmin } from "../support/admin.ts"
import { addresses, configWith } from "../support/config.ts"
import { serving } from "../support/relaying.ts"
import { until } from "../support/servers.ts"

const local = serving((socket) => void socket.on("end", () => socket.end()))
const nowhere = configWith([{ candidates: [{ host: "127.0.0.1", port: 1 }], pool: { mode: "off" } }])

describe("the admin port", () => {
  it.live("answers /healthz at once, and /readyz with 200 once a candidate is selected", () =>
    Effect.gen(function* () {
      const { port: upstream } = yield* local
      const config = configWith([{ candidates: [{ host: "127.0.0.1", port: upstream }] }])
      yield* withAdmin(config, {}, async ({ port, engine }) => {
        const early = await request(port, "/readyz")
        if (early.status !== 200) assert.include(early.body, "not ready: nothing selected yet for web")
        await until("it is ready", () => isReady(engine.stateUnsafe()))
        assert.deepInclude(await request(port, "/readyz"), { status: 200, body: "ready\n" })
        assert.deepInclude(await request(port, "/healthz"), { status: 200, body: "alive\n" })
        assert.deepInclude(await request(port, "//healthz/"), { status: 200, body: "alive\n" })
        assert.deepInclude(await request(port, "/healthz/more"), { status: 404 })
      })
    }))

  it.live("answers /status in the documented shape", () =>
    Effect.gen(function* () {
      const { port: upstream } = yield* local
      const config = configWith([{ host: "", candidates: [{ host: "127.0.0.1", port: upstream }] }])
      yield* withAdmin(config, {}, async ({ port, engine }) => {
        await until("it is ready", () => engine.routesUnsafe().upstreams[0]?.state === "active")
        const { status, headers, body } = await request(port, "/status")
        assert.strictEqual(status, 200)
        assert.strictEqual(headers["content-type"], "application/json")
        const told = JSON.parse(body)
        assert.containsAllKeys(told, ["enabled", "override", "uptimeSeconds", "record", "listeners", "upstreams"])
        assert.containsAllKeys(told.record, ["from", "to", "gaps"])
        assert.containsAllKeys(told.listeners[0], ["name", "protocol", "listen", "connections"])
        const [web] = told.upstreams
        assert.deepInclude(web, { name: "web", host: null, port: 443, state: "active", candidateCount: 1 })
        assert.isAbove(Date.parse(web.expiresAt), Date.parse(web.selectedAt))
        assert.hasAllKeys(web.candidates[0], [
          "id",
          "address",
          "sources",
          "score",
          "costMs",
          "latencyMs",
          "jitterMs",
          "successRate",
          "breaker",
          "suspect",
          "active",
          "warm",
          "warmWithheld",
          "connections",
          "lastSampleAt",
          "identity"
        ])
        // The caller is on this machine, so the address is in full.
        assert.deepInclude(web.candidates[0], { id: "web#1", address: `127.0.0.1:${upstream}`, active: true })
      })
    }))

  it.live("shows full addresses to callers on this machine only, and not to callers behind a proxy", () =>
    withAdmin(nowhere, {}, async ({ port }) => {
      const addressFor = async (headers = {}) =>
        JSON.parse((await request(port, "/status", { headers })).body).upstreams[0].candidates[0].address
      assert.strictEqual(await addressFor(), "127.0.0.1:1")
      for (const name of ["x-forwarded-for", "forwarded", "via"]) {
        assert.strictEqual(await addressFor({ [name]: "somebody" }), "127.0.0.0/24")
      }
    }))

  it.live("shows full addresses to every caller with `addresses: full`", () =>
    withAdmin(nowhere, { addresses: "full" }, async ({ port }) => {
      const { body } = await request(port, "/status", { headers: { via: "proxy" } })
      assert.strictEqual(JSON.parse(body).upstreams[0].candidates[0].address, "127.0.0.1:1")
    }))

  it.live("shows as many of 10,000 candidates as the query says, 256 by default", () => {
    const config = configWith([{ candidates: addresses(10_000), pool: { mode: "off" } }], {
      maxParallel: 1,
      ratePerSecond: 1
    })
    return withAdmin(config, {}, async ({ port, engine }) => {
      await until("they are listed", () => engine.stateUnsafe().candidates.length === 10_000)
      const shown = async (query: string) => JSON.parse((await request(port, `/status${query}`)).body).upstreams[0]
      const [usual, ten, all, none] = await Promise.all([
        shown(""),
        shown("?candidates=10"),
        shown("?candidates=1000000"),
        shown("?candidates=0")
      ])
      assert.deepStrictEqual([usual, ten, all, none].map((one) => one.candidates.length), [256, 10, 10_000, 0])
      assert.deepStrictEqual([usual, ten, all, none].map((one) => one.candidateCount), Array(4).fill(10_000))
      assert.strictEqual(new Set(all.candidates.map(({ id }: { id: string }) => id)).size, 10_000)
      assert.strictEqual((await request(port, "/status?candidates=many")).status, 400)
    })
  })

  it.live("answers /metrics with the metrics, or with 404 while they are off", () =>
    Effect.gen(function* () {
      yield* withAdmin(nowhere, {}, async ({ port }) => {
        const { status, body } = await request(port, "/metrics")
        assert.strictEqual(status, 404)
        assert.include(body, "telemetry.metrics")
      })
      const also = Layer.succeed(Exposition, {
        text: Effect.succeed("up 1\n"),
        contentType: "text/plain; version=0.0.4; charset=utf-8"
      })
      yield* withAdmin(nowhere, { also }, async ({ port }) => {
        const { status, headers, body } = await request(port, "/metrics")
        assert.deepStrictEqual([status, body], [200, "up 1\n"])
        assert.include(headers["content-type"], "version=0.0.4")
      })
    }))

  it.live("carries out /enabled, /refresh and /reload, and answers with their result", () =>
    withAdmin(nowhere, {}, async ({ port, asked }) => {
      const enabled = (body: string) => request(port, "/enabled", { method: "PUT", body })
      assert.deepInclude(await enabled('{"enabled":false}'), { status: 200, body: '{"enabled":false}' })
      assert.deepInclude(await enabled(' { "enabled" : true } '), { status: 200, body: '{"enabled":true}' })
      assert.deepInclude(await request(port, "/refresh?upstream=web", { method: "POST" }), { status: 202 })
      assert.deepInclude(await request(port, "/refresh", { method: "POST" }), { status: 202 })
      const unknown = await request(port, "/refresh?upstream=wob", { method: "POST" })
      assert.strictEqual(unknown.status, 404)
      assert.include(unknown.body, '"wob"')
      assert.strictEqual((await request(port, "/reload", { method: "POST" })).status, 200)
      const refused = await request(port, "/reload", { method: "POST" })
      assert.strictEqual(refused.status, 422)
      assert.include(JSON.parse(refused.body).problems[0], "at least one listener")
      assert.deepStrictEqual(asked, [
        "enabled false",
        "enabled true",
        "refresh web",
        "refresh undefined",
        "refresh wob",
        "reload",
        "reload"
      ])
    }))

  it.live("answers /reload with 501 when the program takes no orders", () =>
    withAdmin(nowhere, { control: false }, async ({ port }) => {
      assert.strictEqual((await request(port, "/reload", { method: "POST" })).status, 501)
    }))

  it.live("answers a wrong body with 400 and the right form, and one above 1 KiB with 413", () =>
    withAdmin(nowhere, {}, async ({ port, asked }) => {
      for (const body of ["", "no", "{}", '{"enabled":1}', '{"enabled":true,"more":1}', "[]"]) {
        const answer = await request(port, "/enabled", { method: "PUT", body })
        assert.strictEqual(answer.status, 400, body)
        assert.include(answer.body, 'expected {"enabled": true}')
      }
      const body = `{"enabled":true${" ".repeat(1_024)}}`
      assert.strictEqual((await request(port, "/enabled", { method: "PUT", body })).status, 413)
      assert.deepStrictEqual(asked, [])
    }))

  it.live("answers a wrong method with 405, and an unknown path with 404 and the known paths", () =>
    withAdmin(nowhere, {}, async ({ port, asked }) => {
      const allowed = async (method: string, path: string) => {
        const { status, headers } = await request(port, path, { method })
        return [status, headers["allow"]]
      }
      assert.deepStrictEqual(await allowed("GET", "/reload"), [405, "POST"])
      assert.deepStrictEqual(await allowed("POST", "/enabled"), [405, "PUT"])
      assert.deepStrictEqual(await allowed("DELETE", "/status"), [405, "GET, HEAD"])
      const { status, body } = await request(port, "/statsu")
      assert.strictEqual(status, 404)
      assert.include(body, "there are /healthz")
      const head = await request(port, "/healthz", { method: "HEAD" })
      assert.deepInclude(head, { status: 200, body: "" })
      assert.deepStrictEqual(asked, [])
    }))
})
