/** `/proxy.pac` on the admin port and on the proxy port itself. */
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { runInNewContext } from "node:vm"
import { request } from "../support/admin.ts"
import type { Peers } from "../support/peers/peers.ts"
import { peers } from "../support/peers/peers.ts"

const TYPE = "application/x-ns-proxy-autoconfig"

/** What a browser does for these URLs. */
const routesOf = (file: string, urls: ReadonlyArray<string>): ReadonlyArray<string> =>
  urls.map((url) =>
    runInNewContext(`${file}\nFindProxyForURL(${JSON.stringify(url)}, ${JSON.stringify(new URL(url).hostname)})`)
  )

describe("the file for browsers", () => {
  let world: Peers
  beforeAll(async () => void (world = await peers({ allow: ["*.example:443", "*:80"] })), 90_000)
  afterAll(() => world?.stop())
  const port = () => Number(world.proxy.split(":")[1])

  it("is the same on the admin port and on the proxy port, and says what `allow` says", async () => {
    const [admin, own] = [await request(world.admin, "/proxy.pac"), await request(port(), "/proxy.pac")]
    assert.deepStrictEqual([admin.status, admin.headers["content-type"]], [200, TYPE])
    assert.deepStrictEqual([own.status, own.headers["content-type"]], [200, TYPE])
    assert.strictEqual(own.body, admin.body)
    const proxy = `PROXY ${world.proxy}`
    assert.deepStrictEqual(
      routesOf(own.body, ["https://web.example/", "http://other.test/", "https://other.test/", "http://127.0.0.1/"]),
      [proxy, proxy, "DIRECT", "DIRECT"]
    )
  })

  it("names the proxy port by the host that the browser used", async () => {
    const { body } = await request(port(), "/proxy.pac?fresh=1", { headers: { host: `fairlead.lan:${port()}` } })
    assert.deepStrictEqual(routesOf(body, ["https://web.example/"]), [`PROXY fairlead.lan:${port()}`])
    const hostile = await request(port(), "/proxy.pac", { headers: { host: '"+alert(1)+"' } })
    assert.deepStrictEqual(routesOf(hostile.body, ["https://web.example/"]), [`PROXY ${world.proxy}`])
  })

  it("is the proxy port's only page, and is only read", async () => {
    assert.strictEqual((await request(port(), "/")).status, 404)
    assert.strictEqual((await request(port(), "/proxy.pac", { method: "POST" })).status, 404)
    assert.strictEqual((await request(port(), "/proxy.pac", { method: "HEAD" })).body, "")
    const posted = await request(world.admin, "/proxy.pac", { method: "POST" })
    assert.deepStrictEqual([posted.status, posted.headers["allow"]], [405, "GET, HEAD"])
  })
})
