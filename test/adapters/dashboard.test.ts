/** The dashboard's page and session over plain HTTP. Chromium tries the page itself (test/dashboard). */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { openEvents, request, withAdmin } from "../support/admin.ts"
import { configWith } from "../support/config.ts"
import { serving } from "../support/relaying.ts"
import { ask, until } from "../support/servers.ts"

const nowhere = configWith([{ candidates: [{ host: "127.0.0.1", port: 1 }], pool: { mode: "off" } }])
const TOKEN = "correct-horse-battery"
const bearer = { authorization: `Bearer ${TOKEN}` }

/** The cookie of a session, as a browser sends it back. */
async function cookieOf(port: number, headers: Readonly<Record<string, string>> = {}): Promise<string> {
  const answer = await request(port, "/session", { method: "POST", headers: { ...bearer, ...headers } })
  return answer.headers["set-cookie"]?.[0]?.split(";")[0] ?? ""
}

describe("the dashboard's page", () => {
  it.live("comes without the token, with a policy that allows its own script and requests to this port alone", () =>
    withAdmin(nowhere, { token: TOKEN }, async ({ port }) => {
      const { status, headers, body } = await request(port, "/")
      assert.strictEqual(status, 200)
      assert.strictEqual(headers["content-type"], "text/html; charset=utf-8")
      const policy = String(headers["content-security-policy"])
      assert.match(
        policy,
        /^default-src 'none'; script-src 'sha256-[^']+'; style-src 'sha256-[^']+'; img-src data:; connect-src 'self'; /
      )
      assert.include(policy, "frame-ancestors 'none'")
      assert.notInclude(policy, "unsafe")
      assert.deepInclude(headers, {
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        "referrer-policy": "no-referrer"
      })
      assert.notMatch(body, /(src|href)="(?!data:)/)
      const again = await request(port, "/", { headers: { "if-none-match": String(headers["etag"]) } })
      assert.deepInclude(again, { status: 304, body: "" })
    }))
})

describe("a session of the dashboard", () => {
  it.live("opens the port by a cookie that is HttpOnly and SameSite=Strict, and Secure where the page came by TLS", () =>
    withAdmin(nowhere, { token: TOKEN }, async ({ port }) => {
      const answer = await request(port, "/session", { method: "POST", headers: bearer })
      assert.strictEqual(answer.status, 200)
      const [set = ""] = answer.headers["set-cookie"] ?? []
      assert.match(set, /^fairlead-\d+=\d+\.[\w-]{43}; Path=\/; Max-Age=60; HttpOnly; SameSite=Strict$/)
      assert.notInclude(JSON.stringify(answer), TOKEN)
      const cookie = await cookieOf(port)
      assert.strictEqual((await request(port, "/status", { headers: { cookie: `other=1; ${cookie}` } })).status, 200)
      assert.strictEqual((await request(port, "/reload", { method: "POST", headers: { cookie } })).status, 200)
      const host = `127.0.0.1:${port}`
      const secure = await request(port, "/session", {
        method: "POST",
        headers: { ...bearer, host, origin: `https://${host}` }
      })
      assert.match(secure.headers["set-cookie"]?.[0] ?? "", /; Secure$/)
    }))

  it.live("ends in time, and is begun by the token alone: neither by a cookie nor by a forged or changed one", () =>
    withAdmin(nowhere, { token: TOKEN, sessionMs: 600 }, async ({ port }) => {
      const cookie = await cookieOf(port)
      const statusWith = async (cookie: string) => (await request(port, "/status", { headers: { cookie } })).status
      assert.strictEqual(await statusWith(cookie), 200)
      assert.strictEqual((await request(port, "/session", { method: "POST", headers: { cookie } })).status, 401)
      const [name = "", value = ""] = cookie.split("=")
      const [endsAt = "", signature = ""] = value.split(".")
      const later = `${name}=${Number(endsAt) + 60_000}.${signature}`
      for (const forged of [later, `${name}=`, `${name}=${endsAt}.${"A".repeat(43)}`, `${name}=${TOKEN}`, `x${cookie}`]) {
        assert.strictEqual(await statusWith(forged), 401, forged)
      }
      const events = await openEvents(port, { cookie })
      assert.strictEqual(events.status, 200)
      await until("the stream of facts ended with the session", events.ended)
      let status = 200
      await until("the session ended", () => {
        void statusWith(cookie).then((now) => (status = now), () => {})
        return status === 401
      })
    }))

  it.live("is refused to pages of other sites, which cannot use its cookie for orders or facts either", () =>
    withAdmin(nowhere, { token: TOKEN }, async ({ port, asked }) => {
      const cookie = await cookieOf(port)
      const foreign = { cookie, "sec-fetch-site": "same-site" }
      for (
        const [method, path] of [["POST", "/reload"], ["PUT", "/enabled"], ["GET", "/events"], [
          "DELETE",
          "/session"
        ]] as const
      ) {
        assert.strictEqual((await request(port, path, { method, headers: foreign })).status, 403, path)
      }
      assert.strictEqual(
        (await request(port, "/session", { method: "POST", headers: { ...bearer, origin: "https://evil.example" } })).status,
        403
      )
      assert.deepStrictEqual(asked, [])
      const ended = await request(port, "/session", { method: "DELETE", headers: { cookie } })
      assert.match(ended.headers["set-cookie"]?.[0] ?? "", /^fairlead-\d+=; Path=\/; Max-Age=0;/)
    }))

  it.live("needs no cookie where the port has no token", () =>
    withAdmin(nowhere, {}, async ({ port }) => {
      const answer = await request(port, "/session", { method: "POST" })
      assert.deepInclude(answer, { status: 200, body: '{"signedIn":true,"needsToken":false}' })
      assert.strictEqual((await request(port, "/session")).body, answer.body)
      assert.strictEqual(answer.headers["set-cookie"], undefined)
    }))
})

describe("what the dashboard asks for", () => {
  it.live("/status?upstream= answers with these upstreams alone", () => {
    const upstreams = ["a", "b", "c"].map((name) => ({
      name,
      candidates: [{ host: "127.0.0.1", port: 1 }],
      pool: { mode: "off" as const }
    }))
    return withAdmin(configWith(upstreams), {}, async ({ port }) => {
      const names = async (query: string) =>
        JSON.parse((await request(port, `/status${query}`)).body).upstreams.map(({ name }: { name: string }) => name)
      assert.deepStrictEqual(await names("?upstream=c&upstream=a"), ["a", "c"])
      assert.deepStrictEqual(await names("?upstream=x"), [])
      assert.deepStrictEqual(await names(""), ["a", "b", "c"])
    })
  })

  it.live("/status counts the clients that got a warm socket, and shows past latencies to callers that ask for them", () =>
    Effect.gen(function* () {
      const echo = yield* serving((socket) => void socket.on("data", () => socket.end("!")))
      const candidates = [{ host: "127.0.0.1", port: echo.port }]
      const config = configWith([{ candidates, pool: { mode: "off" } }, {
        name: "other",
        candidates,
        pool: { mode: "off" }
      }])
      yield* withAdmin(config, {}, async ({ port, engine }) => {
        await until("it is measured", () => engine.routesUnsafe().upstreams[0]?.state === "active")
        const told = async (query = "") => JSON.parse((await request(port, `/status${query}`)).body)
        const [{ listen }] = (await told()).listeners
        await ask(Number(listen.split(":").at(-1)))
        await until("the client is counted", () => engine.stateUnsafe().clients.first !== null)
        const { upstreams: [web, other] } = await told("?course=true")
        assert.deepStrictEqual([web.pool, other.pool], [{ warm: 0, hits: 0, misses: 1 }, { warm: 0, hits: 0, misses: 0 }])
        assert.strictEqual(web.shutCount, 0)
        const [[ago, latencyMs]] = web.candidates[0].course
        assert.isAtLeast(ago, 0)
        assert.isAbove(latencyMs, 0)
        assert.notProperty((await told()).upstreams[0].candidates[0], "course")
      })
    }))

  it.live("/events?after=0 begins with the facts that are kept", () =>
    withAdmin(nowhere, {}, async ({ port, facts }) => {
      await until("there are facts", () => facts.latestUnsafe() > 1)
      const response = await openEvents(port, {}, false, "/events?after=0")
      await until("they have come", () => response.facts().length > 1)
      assert.deepStrictEqual(response.facts().slice(0, 2).map(({ seq }) => seq), [1, 2])
      response.stop()
    }))
})
