/** Routing by server name, and PROXY headers before any protocol. */
import { Buffer } from "node:buffer"
import { assert, describe, it } from "vitest"
import type { Json } from "../apps/keys/Row.ts"
import { client, serving } from "../apps/keys/service.ts"
import { comesBack, connectTo, fileWith, hello, leaving, said, withEcho } from "../support/entries.ts"
import { named, until } from "../support/servers.ts"

const QUIET: Json = { onDemand: { enabled: false }, sources: { dns: false }, probing: { mode: "tcp" } }

describe("a listener of protocol sni", () => {
  it("sends each name to the upstream with that host, whatever its port", async () => {
    const [one, other] = [await named("one"), await named("other")]
    const upstreams = {
      one: { host: "one.example", port: 8443, candidates: [`127.0.0.1:${one.port}`] },
      other: { host: "Other.Example", candidates: [`127.0.0.1:${other.port}`] }
    }
    await serving(fileWith([{ protocol: "sni" }], { ...QUIET, upstreams }), async ({ port }) => {
      assert.strictEqual(await said(port, hello("one.example"), /one/), "one")
      assert.strictEqual(await said(port, hello("other.example"), /other/), "other")
    })
    await Promise.all([one.stop(), other.stop()])
  })

  it("hands a large ClientHello on untouched that comes in pieces", () =>
    withEcho((echo) =>
      serving(
        fileWith([{ protocol: "sni", sni: { unnamed: "web" } }], {
          ...QUIET,
          upstreams: { web: { candidates: [`127.0.0.1:${echo.port}`] } }
        }),
        async ({ port }) => {
          assert.isTrue(await comesBack(port, hello("")))
          const { socket, heard } = await client(port)
          const bytes = hello("")
          for (const byte of bytes) {
            socket.write(Uint8Array.of(byte))
            await new Promise((resolve) => setImmediate(resolve))
          }
          await until("all is back", () => heard().length > 0)
          socket.destroy()
        }
      )
    ))

  it.each([
    ["an unknown name", hello("unknown.example"), 112],
    ["no name", hello(""), 112]
  ])(
    "answers %s with an alert of TLS where nothing is configured for it",
    (_name, bytes, description) =>
      serving(fileWith([{ protocol: "sni" }], { ...QUIET, upstreams: {} }), async ({ port }) => {
        const { socket, closed } = await leaving(port)
        const parts: Array<Buffer> = []
        socket.on("data", (chunk: Buffer) => parts.push(chunk))
        socket.write(bytes)
        await until("it is over", closed)
        assert.deepStrictEqual([...Buffer.concat(parts)].slice(5), [2, description])
      })
  )
})

describe("a listener behind peers that send PROXY headers", () => {
  const HEADER = "PROXY TCP4 198.18.0.7 198.18.0.8 1111 80\r\n"
  const TRUSTED = { proxyProtocol: { mode: "v1v2", trusted: ["127.0.0.1"] } }
  const run = (own: Json, use: (port: number, echo: number) => Promise<void>) =>
    withEcho((echo) =>
      serving(
        fileWith([{ ...TRUSTED, ...own }], { upstreams: { web: { candidates: [`127.0.0.1:${echo.port}`] } } }),
        ({ port }) => use(port, echo.port)
      )
    )

  it("refuses a peer that sends none, and one that is not trusted", async () => {
    await run({ upstream: "web" }, async (port) => assert.strictEqual(await said(port, "GET / HTTP/1.1\r\n\r\n"), ""))
    const others = { upstream: "web", proxyProtocol: { mode: "v1v2", trusted: ["198.18.0.0/15"] } }
    await run(others, async (port) => assert.strictEqual(await said(port, `${HEADER}hi`, /hi/), ""))
  })

  it("judges clients by the address in the header", async () => {
    const own = { upstream: "web", clients: ["198.18.0.0/24"] }
    await run(own, async (port) => {
      assert.strictEqual(await said(port, `${HEADER}hi`, /hi/), "hi")
      assert.strictEqual(await said(port, `${HEADER.replace("198.18.0.7", "198.18.1.7")}hi`, /hi/), "")
    })
  })

  it("serves the protocol behind the header", () =>
    run(
      { protocol: "proxy", allow: ["*:*"] },
      async (port, echo) => assert.match(await said(port, HEADER + connectTo(`127.0.0.1:${echo}`)), /^HTTP\/1\.1 200 /)
    ))

  it("tells the client's address on to an upstream that wants a header", () =>
    withEcho((echo) => {
      const web = { candidates: [`127.0.0.1:${echo.port}`], proxyProtocol: "v1" }
      return serving(fileWith([{ ...TRUSTED, upstream: "web" }], { upstreams: { web } }), async ({ port }) => {
        assert.strictEqual(await said(port, `${HEADER}hi`, /hi/), `${HEADER}hi`)
      })
    }))
})
