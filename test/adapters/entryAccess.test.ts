/** What strangers try on a proxy port, and what comes of it. */
import { Buffer } from "node:buffer"
import { assert, describe, it } from "vitest"
import type { Json } from "../apps/keys/Row.ts"
import { client, serving } from "../apps/keys/service.ts"
import { collecting, connectTo, fileWith, proxying, said, statusOf, withEcho } from "../support/entries.ts"
import { until } from "../support/servers.ts"

const CLOSED: Json = { privateTargets: false }

describe("a proxy port without private targets", () => {
  it.each([
    ["loopback", "127.0.0.1:PORT"],
    ["another loopback address", "127.8.9.1:PORT"],
    ["a loopback name", "localhost:PORT"],
    ["loopback of IPv6", "[::1]:PORT"],
    ["the unspecified address", "0.0.0.0:PORT"],
    ["IPv4 mapped into IPv6", "[::ffff:127.0.0.1]:PORT"],
    ["IPv4 mapped into IPv6, in hexadecimal", "[::ffff:7f00:1]:PORT"],
    ["NAT64 of a private address", "[64:ff9b::10.0.0.1]:PORT"],
    ["6to4 of a private address", "[2002:a00:1::]:PORT"],
    ["the metadata service", "169.254.169.254:80"],
    ["a private network", "10.0.0.1:80"],
    ["a unique local address", "[fd00::1]:80"],
    ["a link-local address", "[fe80::1]:80"]
  ])("refuses %s with 403, and dials nothing", (_name, authority) =>
    proxying(CLOSED, async ({ port }, echo) => {
      const wanted = authority.replace("PORT", String(echo.port))
      const answer = await said(port, connectTo(wanted))
      assert.match(answer, /^HTTP\/1\.1 403 Forbidden\r\nProxy-Status: fairlead; error=http_request_denied\r\n/)
      assert.strictEqual(echo.connections(), 0)
    }))

  it.each([
    ["decimal", "2130706433:80"],
    ["octal", "0177.0.0.1:80"],
    ["hexadecimal", "0x7f.0.0.1:80"],
    ["short", "127.1:80"],
    ["with a zone", "[fe80::1%25eth0]:80"]
  ])(
    "takes an address in a doubtful spelling for no host: %s",
    (_name, authority) =>
      proxying(CLOSED, async ({ port }) => assert.include([400, 403], await statusOf(port, connectTo(authority))))
  )

  it("refuses this machine's own addresses, with its admin port", () =>
    proxying(CLOSED, async ({ port, admin }) => {
      assert.strictEqual(await statusOf(port, connectTo(`127.0.0.1:${admin}`)), 403)
      assert.strictEqual(await statusOf(port, `GET http://127.0.0.1:${admin}/status HTTP/1.1\r\nHost: x\r\n\r\n`), 403)
    }, { admin: { listen: "127.0.0.1:0" } }))

  it("answers SOCKS5 clients with code 2 and SOCKS4 clients with 91", () =>
    proxying(CLOSED, async ({ port }, echo) => {
      const [high, low] = [echo.port >> 8, echo.port & 255]
      const five = await said(port, Uint8Array.of(5, 1, 0, 5, 1, 0, 1, 127, 0, 0, 1, high, low), /^[^]{4}/)
      assert.strictEqual(five.charCodeAt(3), 2)
      const four = await said(port, Uint8Array.of(4, 1, high, low, 127, 0, 0, 1, 0), /^[^]{2}/)
      assert.strictEqual(Buffer.from(four, "utf8")[1], 91)
      assert.strictEqual(echo.connections(), 0)
    }))
})

describe("a proxy port on loopback", () => {
  it("refuses a target that is a listener of this service, by address and by name", () =>
    proxying({}, async ({ port }) => {
      for (const host of ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]"]) {
        assert.strictEqual(await statusOf(port, connectTo(`${host}:${port}`)), 403, host)
      }
    }))

  it("refuses what allow does not contain, such as port 25", () =>
    proxying({ allow: ["*:443", "*:80"] }, async ({ port }) => {
      assert.strictEqual(await statusOf(port, connectTo("mail.example:25")), 403)
      assert.strictEqual(await statusOf(port, "GET http://mail.example:25/ HTTP/1.1\r\nHost: x\r\n\r\n"), 403)
    }))

  it.each([
    ["a line break in a name", "CONNECT a.example\r\nX: y:443 HTTP/1.1\r\n\r\n"],
    ["a NUL in a name", "CONNECT a\0.example:443 HTTP/1.1\r\nHost: x\r\n\r\n"],
    ["a user in a URL", "GET http://user@a.example/ HTTP/1.1\r\nHost: x\r\n\r\n"],
    ["a URL of another scheme", "GET https://a.example/ HTTP/1.1\r\nHost: x\r\n\r\n"],
    [
      "two lengths",
      "POST http://a.example/ HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    ],
    [
      "two different lengths",
      "POST http://a.example/ HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd"
    ],
    ["bare line feeds", "GET http://a.example/ HTTP/1.1\nHost: x\n\n"],
    ["a folded line", "GET http://a.example/ HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n"],
    ["a blank before the colon", "GET http://a.example/ HTTP/1.1\r\nHost : x\r\n\r\n"],
    ["HTTP/2 without an upgrade", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"]
  ])(
    "answers %s with 400",
    (_name, request) => proxying({}, async ({ port }) => assert.strictEqual(await statusOf(port, request), 400))
  )

  it.each([
    ["another transfer coding", "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501],
    ["a coding that only looks like chunked", "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 400]
  ])("passes no request on with %s", (_name, rest, status) =>
    proxying({}, async ({ port }, echo) => {
      const answer = await said(port, `POST http://127.0.0.1:${echo.port}/ HTTP/1.1\r\nHost: x\r\n${rest}`)
      assert.include([status, 400, 501], Number(answer.slice(9, 12)))
      assert.strictEqual(echo.connections(), 0)
    }))

  it("does not pass a chunk extension on", () =>
    proxying({}, async ({ port }) => {
      const origin = await collecting()
      const head = `POST http://127.0.0.1:${origin.port}/ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n`
      assert.strictEqual(await statusOf(port, `${head}3;x=y\r\nabc\r\n0\r\n\r\n`), 204)
      assert.match(origin.heard(), /\r\n\r\n3\r\nabc\r\n0\r\n\r\n$/)
      await origin.stop()
    }))
})

describe("credentials", () => {
  const USERS: Json = { users: { ann: "s3cr3t" } }
  const basic = (pair: string) => `Proxy-Authorization: Basic ${Buffer.from(pair).toString("base64")}\r\n`

  it.each([
    ["none", ""],
    ["a wrong password", basic("ann:wrong")],
    ["a wrong user", basic("bob:s3cr3t")],
    ["no password", basic("ann")],
    ["another scheme", "Proxy-Authorization: Bearer s3cr3t\r\n"]
  ])("are asked for with 407: %s", (_name, header) =>
    proxying(USERS, async ({ port }, echo) => {
      const answer = await said(port, connectTo(`127.0.0.1:${echo.port}`, header))
      assert.match(answer, /^HTTP\/1\.1 407 /)
      assert.include(answer, "\r\nProxy-Authenticate: Basic ")
      assert.strictEqual(echo.connections(), 0)
    }))

  it("open the way, and are not passed on", () =>
    proxying(USERS, async ({ port }) => {
      const origin = await collecting()
      const request = `GET http://127.0.0.1:${origin.port}/ HTTP/1.1\r\nHost: x\r\n${basic("ann:s3cr3t")}\r\n`
      assert.strictEqual(await statusOf(port, request), 204)
      assert.notMatch(origin.heard(), /proxy-authorization/i)
      await origin.stop()
    }))

  it("are not asked of SOCKS4 clients, which are refused", () =>
    proxying(USERS, async ({ port }, echo) => {
      const request = Uint8Array.of(4, 1, echo.port >> 8, echo.port & 255, 127, 0, 0, 1, 0)
      assert.strictEqual((await said(port, request, /^[^]{2}/)).charCodeAt(0), 0)
      assert.strictEqual(echo.connections(), 0)
    }))
})

describe("500 clients that send one byte a second", () => {
  it("keep no other client out, and are cut off", () =>
    withEcho((echo) =>
      serving(
        fileWith([{
          protocol: "proxy",
          allow: ["*:*"],
          maxConnections: 20,
          handshake: { perClient: 10_000, timeout: "30s" }
        }], { upstreams: {} }),
        async ({ port, acceptor }) => {
          const slow = await Promise.all(Array.from({ length: 500 }, () => client(port)))
          for (const { socket } of slow) socket.write("C")
          await until("all are accepted or cut off", () => (acceptor.statusUnsafe()[0]?.accepted ?? 0) >= 500)
          assert.strictEqual(await statusOf(port, connectTo(`127.0.0.1:${echo.port}`)), 200)
          assert.isAtMost(acceptor.statusUnsafe()[0]?.connections ?? 0, 20)
          for (const { socket } of slow) socket.destroy()
        }
      )
    ))
})
