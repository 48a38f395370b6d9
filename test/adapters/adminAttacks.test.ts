/** Hostile requests to the admin port: none gets a secret or a full address, and none gets an order through. */
import { assert, describe, it } from "@effect/vitest"
import * as net from "node:net"
import { request, withAdmin } from "../support/admin.ts"
import { configWith } from "../support/config.ts"
import { until } from "../support/servers.ts"

const ADDRESS = "127.0.0.1:1"
const nowhere = configWith([{ candidates: [{ host: "127.0.0.1", port: 1 }], pool: { mode: "off" } }])
const TOKEN = "correct-horse-battery"

/** The answer to raw bytes, until the server closes or `enoughMs` have passed. */
function raw(port: number, text: string, enoughMs = 2_000): Promise<{ readonly answer: string; readonly closed: boolean }> {
  return new Promise((resolve) => {
    const socket = net.connect({ port, host: "127.0.0.1", allowHalfOpen: true }, () => socket.write(text))
    let answer = ""
    const timer = setTimeout(() => {
      socket.destroy()
      resolve({ answer, closed: false })
    }, enoughMs)
    socket.setEncoding("utf8").on("data", (chunk) => (answer += chunk)).on("end", () => socket.end())
    socket.on("error", () => {}).once("close", () => {
      clearTimeout(timer)
      resolve({ answer, closed: true })
    })
  })
}

const get = (target: string, ...headers: ReadonlyArray<string>) =>
  `${["GET " + target + " HTTP/1.1", "Connection: close", ...headers].join("\r\n")}\r\n\r\n`
const statuses = (answer: string) => [...answer.matchAll(/^HTTP\/1\.1 (\d+)/gm)].map(([, status]) => Number(status))

describe("the admin port", () => {
  it.live("takes the token from one Authorization header alone, and never repeats it", () =>
    withAdmin(nowhere, { token: TOKEN }, async ({ port }) => {
      const elsewhere = [
        get(`/status?token=${TOKEN}`, "Host: localhost"),
        get(`/status?authorization=Bearer%20${TOKEN}`, "Host: localhost"),
        get("/status", "Host: localhost", `Cookie: token=${TOKEN}`),
        get("/status", "Host: localhost", `X-Authorization: Bearer ${TOKEN}`),
        get("/status", `Host: ${TOKEN}@localhost`),
        get(`http://user:${TOKEN}@localhost/status`, "Host: localhost")
      ]
      for (const text of elsewhere) {
        const { answer } = await raw(port, text)
        assert.include([400, 401, 421], statuses(answer)[0], text)
        assert.notInclude(answer, TOKEN)
      }
      const twice = get("/status", "Host: localhost", "Authorization: Bearer wrong", `Authorization: Bearer ${TOKEN}`)
      assert.notInclude(statuses((await raw(port, twice)).answer), 200)
      const also = get("/status", "Host: localhost", `Authorization: Bearer ${TOKEN}`, "Authorization: Bearer wrong")
      assert.deepStrictEqual(statuses((await raw(port, also)).answer), [400])
    }))

  it.live("shows no full address to a request with any header of a proxy", () =>
    withAdmin(nowhere, {}, async ({ port }) => {
      const page = async (headers: Record<string, string>) => (await request(port, "/status", { headers })).body
      assert.include(await page({}), ADDRESS)
      for (
        const name of [
          "Via",
          "Forwarded",
          "X-Forwarded-For",
          "X-Forwarded-Host",
          "X-Forwarded-Proto",
          "X-Real-IP",
          "X-Client-IP",
          "True-Client-IP",
          "CF-Connecting-IP"
        ]
      ) assert.notInclude(await page({ [name]: "198.51.100.9" }), ADDRESS, name)
      // The name of the header counts: a proxy wrote an empty one, too.
      assert.notInclude(await page({ "x-forwarded-for": "" }), ADDRESS)
    }))

  it.live("refuses requests without a Host, with several, or with a foreign one", () =>
    withAdmin(nowhere, {}, async ({ port }) => {
      const wrong = [
        get("/status"),
        get("/status", "Host: evil.example", "Host: localhost"),
        get("/status", "Host: localhost", "Host: evil.example"),
        get("/status", "Host: localhost", "Host: localhost"),
        get("/status", "HOST: localhost", "host: evil.example"),
        get("/status", "Host: localhost, evil.example"),
        get("/status", "Host: localhost.evil.example"),
        get("/status", "Host: evil.example:localhost"),
        get("/status", "Host: localhost:99999@evil.example"),
        "GET /status HTTP/1.0\r\n\r\n"
      ]
      for (const text of wrong) {
        const { answer } = await raw(port, text)
        assert.include([400, 421], statuses(answer)[0], text)
        assert.notInclude(answer, "candidates")
      }
    }))

  it.live("carries out no order that is hidden in the body of a request with two lengths", () =>
    withAdmin(nowhere, {}, async ({ port, asked }) => {
      const hidden = 'PUT /enabled HTTP/1.1\r\nHost: localhost\r\nContent-Length: 17\r\n\r\n{"enabled": false}'
      const head = "POST /refresh HTTP/1.1\r\nHost: localhost\r\n"
      const both = [
        `${head}Content-Length: ${hidden.length + 5}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${hidden}`,
        `${head}Content-Length: 4\r\nContent-Length: ${hidden.length}\r\n\r\n${hidden}`,
        `${head}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n${hidden}`,
        `${head}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n${hidden}`
      ]
      for (const text of both) await raw(port, text, 500)
      assert.notInclude(asked.join(), "enabled")
      assert.strictEqual((await request(port, "/healthz")).status, 200)
    }))

  it.live("answers malformed requests with a short error below 500, and keeps serving", () =>
    withAdmin(nowhere, {}, async ({ port }) => {
      const nonsense = [
        get("/%zz", "Host: localhost"),
        get("//", "Host: localhost"),
        get("//status", "Host: localhost"),
        get("/status/../metrics", "Host: localhost"),
        get("/status?candidates=%zz", "Host: localhost"),
        get("/status?candidates=1e9", "Host: localhost"),
        get(`/${"x".repeat(8_000)}`, "Host: localhost"),
        get("http://[/status", "Host: localhost"),
        "OPTIONS * HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        "TRACE / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        "CONNECT evil.example:443 HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "POST /refresh?upstream=%zz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
        'PUT /enabled HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 9\r\n\r\n{"enabled',
        "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
      ]
      for (const text of nonsense) {
        const { answer, closed } = await raw(port, text)
        assert.isTrue(closed, text)
        for (const status of statuses(answer)) assert.isBelow(status, 500, text)
        assert.notMatch(answer, /\bat .*\.ts|node:internal|TypeError/, text)
        // `//` is the page of the dashboard.
        if (statuses(answer).some((status) => status >= 400)) assert.isBelow(answer.length, 20_000)
      }
      assert.strictEqual((await request(port, "/healthz")).status, 200)
    }))

  it.live("refuses to upgrade to another protocol", () =>
    withAdmin(nowhere, { token: TOKEN, clients: 2 }, async ({ port }) => {
      const upgrade = ["Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: eA=="]
      for (const host of ["evil.example", "localhost"]) {
        for (const path of ["/events", "/status", "/healthz"]) {
          const text = `${[`GET ${path} HTTP/1.1`, `Host: ${host}`, ...upgrade].join("\r\n")}\r\n\r\n`
          const { answer } = await raw(port, text, 300)
          assert.notInclude(statuses(answer), 101)
          if (path !== "/healthz" || host !== "localhost") assert.notInclude(statuses(answer), 200)
        }
      }
      // None of them keeps a permit.
      let status = 0
      for (let i = 0; i < 200 && status !== 200; i++) status = (await request(port, "/healthz")).status
      assert.strictEqual(status, 200)
    }))

  it.live("ends HEAD /events at once and releases its permit", () =>
    withAdmin(nowhere, { readers: 1 }, async ({ port }) => {
      const { status, body } = await request(port, "/events", { method: "HEAD" })
      assert.deepStrictEqual([status, body], [200, ""])
      let again = 0
      for (let i = 0; i < 200 && again !== 200; i++) again = (await request(port, "/events", { method: "HEAD" })).status
      assert.strictEqual(again, 200)
    }))

  it.live("cuts off slow callers and gives their permits to others", () =>
    withAdmin(nowhere, { clients: 2, timeoutMs: 300 }, async ({ port }) => {
      const slow = Array.from({ length: 2 }, () => {
        const socket = net.connect(port, "127.0.0.1", () => socket.write("GET /healthz HTTP/1.1\r\n"))
        let closed = false
        // A byte now and then does not extend the limit.
        const drip = setInterval(() => socket.write("X"), 50)
        socket.on("error", () => {}).resume().once("close", () => {
          closed = true
          clearInterval(drip)
        })
        return { closed: () => closed }
      })
      await until("they are cut off", () => slow.every(({ closed }) => closed()))
      assert.strictEqual((await request(port, "/healthz")).status, 200)
    }))
})
