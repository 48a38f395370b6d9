/** `/explain` of the admin port. */
import { assert, describe, it } from "@effect/vitest"
import { request, withAdmin } from "../support/admin.ts"
import { configWith } from "../support/config.ts"

const nowhere = configWith([
  { name: "web", candidates: [{ host: "127.0.0.1", port: 1 }, { host: "127.0.0.1", port: 2 }], pool: { mode: "off" } },
  { name: "api", candidates: [{ host: "127.0.0.1", port: 1 }], pool: { mode: "off" } }
])

describe("/explain", () => {
  it.live("explains the candidates of the upstream that is named, and says which there are", () =>
    withAdmin(nowhere, {}, async ({ port }) => {
      const { status, headers, body } = await request(port, "/explain?upstream=web")
      assert.deepStrictEqual([status, headers["content-type"]], [200, "application/json"])
      const document = JSON.parse(body)
      assert.deepInclude(document, { v: 1, candidateCount: 2, upstream: { name: "web", host: null, port: 443 } })
      assert.deepStrictEqual(document.candidates.map(({ id, address }: { id: string; address: string }) => [id, address]), [
        ["web#1", "127.0.0.1:1"],
        ["web#2", "127.0.0.1:2"]
      ])
      assert.strictEqual(JSON.parse((await request(port, "/explain?upstream=web&candidates=1")).body).candidates.length, 1)
      const unknown = await request(port, "/explain?upstream=nowhere")
      assert.deepStrictEqual([unknown.status, unknown.body], [404, 'there is no upstream "nowhere"; there are web, api\n'])
      assert.strictEqual((await request(port, "/explain")).status, 400)
      assert.strictEqual((await request(port, "/explain?upstream=web&candidates=x")).status, 400)
      assert.strictEqual((await request(port, "/explain?upstream=web", { method: "POST" })).status, 405)
    }))

  it.live("shows the networks alone to a caller that is not on this machine", () =>
    withAdmin(nowhere, { addresses: "redacted" }, async ({ port }) => {
      const headers = { "x-forwarded-for": "198.51.100.7" }
      const { body } = await request(port, "/explain?upstream=web", { headers })
      assert.strictEqual(JSON.parse(body).candidates[0].address, "127.0.0.0/24")
      assert.notInclude(body, "127.0.0.1")
    }))
})
