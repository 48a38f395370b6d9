/** What an edge configuration may say, and what is refused with a reason. */
import { assert, describe, it } from "vitest"
import { settingsOf } from "../../src/apps/edge/config.ts"
import type { ConnectSocket, EdgeSocket } from "../../src/edge.ts"
import { createEdge, dnsOverHttps, EdgeConfigError } from "../../src/edge.ts"

const connect: ConnectSocket<EdgeSocket> = () => {
  throw new Error("no test of a configuration dials")
}
const upstreams = { api: { candidates: ["192.0.2.1:443"] } }

function problemsOf(make: () => unknown): ReadonlyArray<string> {
  try {
    make()
  } catch (cause) {
    if (cause instanceof EdgeConfigError) return cause.problems.map(({ path, message }) => `${path}: ${message}`)
    throw cause
  }
  return []
}

describe("an edge configuration", () => {
  it("has no warm sockets and no proofs, and six probes at once unless it says otherwise", () => {
    const { core, addresses } = settingsOf({ upstreams }, false)
    assert.deepStrictEqual([core.upstreams[0]?.pool.mode, core.upstreams[0]?.identity, core.probing.maxParallel], [
      "off",
      null,
      6
    ])
    assert.strictEqual(addresses, "redacted")
    const other = settingsOf({ upstreams, probing: { maxParallel: 3 }, privacy: { addresses: "full" } }, false)
    assert.deepStrictEqual([other.core.probing.maxParallel, other.addresses], [3, "full"])
  })

  it.each(
    [
      ["listeners", { upstreams, listeners: [] }, /^listeners: has no effect at the edge/],
      ["a pool", { upstreams: { api: { ...upstreams.api, pool: { size: 2 } } } }, /^upstreams\.api\.pool: has no effect/],
      ["a proof", { upstreams, probing: { mode: "tls" } }, /^probing\.mode: tls needs a socket/],
      ["affinity", { upstreams, balancing: { affinity: "client" } }, /^balancing\.affinity: client has no effect/],
      ["a name", { upstreams: { api: { host: "api.example" } } }, /^upstreams\.api\.host: needs a resolver.*dnsOverHttps/],
      ["a wrong value", { upstreams, dial: { timeout: "soon" } }, /^dial\.timeout: /],
      ["an unknown key", { upstreams, dail: {} }, /^dail: /]
    ] as const
  )("refuses %s", (_what, config, found) => {
    assert.match(problemsOf(() => createEdge(config as never, { connect, token: null })).join("\n"), found)
  })

  it("may name hosts where the program brings a resolver", () => {
    const resolve = dnsOverHttps("https://dns.example/resolve")
    assert.deepStrictEqual(
      problemsOf(() => createEdge({ upstreams: { api: { host: "api.example" } } }, { connect, token: null, resolve })),
      []
    )
  })

  it("is open to every caller only where null says so", () => {
    for (const token of [undefined, ""]) {
      assert.match(
        problemsOf(() => createEdge({ upstreams }, { connect, token: token as never })).join(),
        /^token: is missing/
      )
    }
    assert.deepStrictEqual(problemsOf(() => createEdge({ upstreams }, { connect, token: "a" })), [])
  })

  it("needs rounds that last longer than a probe", () => {
    assert.match(problemsOf(() => createEdge({ upstreams }, { connect, token: null, roundMs: 2_000 })).join(), /^roundMs: /)
    assert.match(
      problemsOf(() => createEdge({ upstreams }, { connect, token: null, actsPerRound: 0 })).join(),
      /^actsPerRound: /
    )
  })
})

describe("dnsOverHttps", () => {
  const answering = (answers: Record<string, unknown>): typeof fetch => (input) => {
    const { searchParams } = new URL(String(input))
    const answer = answers[searchParams.get("type") ?? ""]
    return Promise.resolve(answer === undefined ? new Response("no", { status: 500 }) : Response.json(answer))
  }
  const options = { timeoutMs: 1_000, servers: [], signal: new AbortController().signal }

  it("merges the addresses of both families, without aliases, and does with one of them", async () => {
    const a = { Answer: [{ type: 5, data: "alias.example." }, { type: 1, data: "192.0.2.1" }] }
    const aaaa = { Answer: [{ type: 28, data: "2001:db8::1" }] }
    const both = dnsOverHttps("https://dns.example/resolve", answering({ A: a, AAAA: aaaa }))
    assert.deepStrictEqual(await both("api.example", options), ["192.0.2.1", "2001:db8::1"])
    const one = dnsOverHttps("https://dns.example/resolve", answering({ AAAA: aaaa }))
    assert.deepStrictEqual(await one("api.example", options), ["2001:db8::1"])
  })

  it("fails where no answer has an address", async () => {
    const none = dnsOverHttps("https://dns.example/resolve", answering({ A: { Status: 3 }, AAAA: { Answer: "?" } }))
    assert.match(await none("api.example", options).then(String, String), /api\.example has no address/)
  })
})
