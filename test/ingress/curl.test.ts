/** curl as a client of SOCKS, and as a sender of PROXY headers. */
import { spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import { text } from "node:stream/consumers"
import { assert, describe, it } from "vitest"
import { protocolOf } from "../../src/ingress/protocolOf.ts"
import { proxyHeader } from "../../src/ingress/proxyHeader.ts"
import { socks4 } from "../../src/ingress/socks4.ts"
import { socks5 } from "../../src/ingress/socks5.ts"
import { lacks } from "../support/able.ts"
import { ascii, hex } from "../support/handshakes.ts"
import { parserServer } from "../support/parserServer.ts"
import { until } from "../support/servers.ts"

const SKIPPED = lacks("curl", spawnSync("curl", ["--version"]).status === 0 ? "" : "there is no curl")
const HELLO = { code: 0, body: "hello" }
/** The proxy did not do what it was asked for. */
const PROXY_ERROR = 97

async function curl(...args: ReadonlyArray<string>) {
  const child = spawn("curl", ["--silent", "--show-error", "--max-time", "20", "--noproxy", "", ...args], {
    stdio: ["ignore", "pipe", "pipe"]
  })
  const [body, errors, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "close")])
  return { code: code as number, body, errors }
}

const options = { maxBytes: 65_536 }
const socksOf = (first: Uint8Array) => protocolOf(first) === "socks4" ? socks4(options) : socks5(options)

describe.skipIf(SKIPPED)("curl", () => {
  it.each([
    ["--socks5-hostname", "http://example.com/", { host: "example.com", port: 80 }],
    ["--socks5-hostname", "http://192.0.2.1:8080/", { host: "192.0.2.1", port: 8_080 }],
    ["--socks5-hostname", "http://[2001:db8::1]/", { host: "2001:db8::1", port: 80 }],
    ["--socks5", "http://192.0.2.1/", { host: "192.0.2.1", port: 80 }],
    ["--socks4", "http://192.0.2.1/", { host: "192.0.2.1", port: 80 }],
    ["--socks4a", "http://example.com/", { host: "example.com", port: 80 }]
  ])("gets its page through %s for %s", async (option, url, target) => {
    await using server = await parserServer(socksOf)
    const { code, body } = await curl(option, `127.0.0.1:${server.port}`, url)
    assert.deepStrictEqual({ code, body }, HELLO)
    assert.deepInclude(server.clients[0]?.found, { _tag: "Target", ...target })
  })

  it("gets its page with the right password, and not with a wrong one or none", async () => {
    const authenticate = ({ user, password }: { user: Uint8Array; password: Uint8Array }) =>
      hex(user) === hex(ascii("ada")) && hex(password) === hex(ascii("love"))
    await using server = await parserServer(() => socks5({ ...options, authenticate }))
    const ask = async (user: string) =>
      (await curl("--proxy", `socks5h://${user}127.0.0.1:${server.port}`, "http://example.com/")).code
    assert.deepStrictEqual([await ask("ada:love@"), await ask("ada:hate@"), await ask("")], [0, PROXY_ERROR, PROXY_ERROR])
  })

  it.each(
    [
      ["notAllowed", /not allowed|\(2\)/i],
      ["resolveFailed", /unreachable|\(4\)/i],
      ["refused", /refused|\(5\)/i],
      ["timedOut", /expired|\(6\)/i],
      ["proxyError", /general|\(1\)/i]
    ] as const
  )("says what went wrong when the answer is %s", async (reason, said) => {
    await using server = await parserServer(socksOf, reason)
    const { code, errors } = await curl("--socks5-hostname", `127.0.0.1:${server.port}`, "http://example.com/")
    assert.strictEqual(code, PROXY_ERROR)
    assert.match(errors, said)
  })

  it("says so when a SOCKS4 request is refused", async () => {
    await using server = await parserServer(socksOf, "refused")
    const { code, errors } = await curl("--socks4a", `127.0.0.1:${server.port}`, "http://example.com/")
    assert.strictEqual(code, PROXY_ERROR)
    assert.match(errors, /91|rejected/i)
  })

  it("sends a PROXY header that is understood", async () => {
    await using server = await parserServer(() => proxyHeader(options))
    assert.deepInclude(await curl("--haproxy-protocol", `http://127.0.0.1:${server.port}/`), HELLO)
    const { found, later } = await server.next(() => true)
    assert(found._tag === "ProxyHeader")
    assert.strictEqual(found.source?.host, "127.0.0.1")
    assert.deepStrictEqual(found.destination, { host: "127.0.0.1", port: server.port })
    // curl sends its request with the header or after it.
    const request = () => Buffer.concat([found.early, ...later])
    await until("the request came", () => request().length >= 5)
    assert.strictEqual(hex(request().subarray(0, 5)), hex(ascii("GET /")))
  })
})
