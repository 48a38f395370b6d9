/** The configuration's door: every key is read, every mistake is named at its place. */
import * as SchemaAST from "effect/SchemaAST"
import { assert, describe, it } from "vitest"
import { parse } from "../../src/apps/config/parse.ts"
import { render } from "../../src/apps/config/Problem.ts"
import { ConfigFile } from "../../src/core/schema/ConfigFile.ts"
import { expandNetwork, formatDuration, parseDuration, parseEndpoint, parseSize } from "../../src/core/schema/units.ts"

type Json = { [key: string]: unknown }

const base = (): Json => ({
  listeners: [{ name: "web", listen: "127.0.0.1:1234", upstream: "web" }],
  upstreams: { web: { port: 443, candidates: ["198.18.0.1"] }, other: { port: 80, candidates: ["198.18.0.2"] } }
})

const problemsOf = (text: string) => parse(text).problems.map((problem) => render("f.yaml", problem))

/** Every key of the schema that stands for a value, with what it is by default. */
function leaves(
  ast: SchemaAST.AST,
  path: ReadonlyArray<string>
): ReadonlyArray<{ path: ReadonlyArray<string>; fallback: unknown }> {
  if (ast._tag === "Arrays") return ast.rest.flatMap((element) => leaves(element, [...path, "0"]))
  if (ast._tag !== "Objects" || ast.encoding !== undefined) return []
  return [
    ...ast.propertySignatures.flatMap(({ name, type }) => {
      const here = [...path, String(name)]
      const inner = type.encoding === undefined ? leaves(type, here) : []
      return inner.length > 0 ? inner : [{ path: here, fallback: SchemaAST.resolve(type)?.["default"] }]
    }),
    ...ast.indexSignatures.flatMap(({ type }) => leaves(type, [...path, "web"]))
  ]
}

/** Other values that a key might take, to be tried in turn. */
const OTHERS: ReadonlyArray<unknown> = [
  "7s",
  "700ms",
  "1m",
  "1h",
  "2MiB",
  3,
  0.75,
  12,
  false,
  true,
  "web2",
  "198.18.9.9:99",
  "127.0.0.1:4321",
  "other",
  8443,
  ["198.18.7.7"],
  ["a.example"],
  "random",
  "fixed",
  "debug",
  "example.com",
  "/tmp/elsewhere",
  "powerOfTwo",
  "http://127.0.0.1:4318",
  "json",
  "full"
]

function withValue(path: ReadonlyArray<string>, value: unknown): Json {
  const file = base()
  let node: Json = file
  for (const step of path.slice(0, -1)) {
    if (typeof node[step] !== "object" || node[step] === null) node[step] = {}
    node = node[step] as Json
  }
  node[path.at(-1) as string] = value
  return file
}

const settingsText = (file: Json) => {
  const { settings } = parse(JSON.stringify(file))
  return settings === undefined ? undefined : JSON.stringify(settings)
}

describe("the configuration", () => {
  const unchanged = settingsText(base())

  it.each(leaves(ConfigFile.ast, []).map(({ path }) => [path.join("."), path] as const))("reads %s", (name, path) => {
    // One protocol exists so far, so its key has no other value.
    if (name === "listeners.0.protocol") return assert.include(problemsOf(JSON.stringify(withValue(path, "udp")))[0], "tcp")
    const other = OTHERS.map((value) => settingsText(withValue(path, value))).find((text) =>
      text !== undefined && text !== unchanged
    )
    assert.isDefined(other, `no other value of ${name} changes anything`)
  })

  it("lets an upstream override a general section, key by key", () => {
    const file = { ...base(), probing: { interval: "3s", challengers: 4 } } as Json
    ;((file["upstreams"] as Json)["web"] as Json)["probing"] = { interval: "7s" }
    const [web, other] = parse(JSON.stringify(file)).settings?.core.upstreams ?? []
    assert.deepInclude(web?.probing, { intervalMs: 7_000, challengers: 4 })
    assert.deepInclude(other?.probing, { intervalMs: 3_000, challengers: 4 })
  })

  it("names every mistake of a file at once, each at its place", () => {
    const problems = problemsOf(`listeners:
  - { name: web, listen: "127.0.0.1:99999", upstream: web, maxConnections: 0 }
  - { nam: b, listen: "[::1]:80", upstream: web }
upstreams:
  web:
    port: http
    candidates: ["10.0.0.0/33", "1.2.3.4"]
    selector: { activeSetSize: 0, switching: { margin: -1ms } }
balancing: { policy: leastconn }
breaker: { cooldown: 30 }
poool: {}
cache: { scoreTtl: soon }
`)
    assert.deepStrictEqual(problems.map((problem) => problem.split(" ").slice(0, 2).join(" ")), [
      "f.yaml:2:18 listeners.0.listen:",
      "f.yaml:2:60 listeners.0.maxConnections:",
      "f.yaml:3:5 listeners.1.name:",
      "f.yaml:3:7 listeners.1.nam:",
      "f.yaml:6:5 upstreams.web.port:",
      "f.yaml:7:18 upstreams.web.candidates.0:",
      "f.yaml:8:17 upstreams.web.selector.activeSetSize:",
      "f.yaml:8:48 upstreams.web.selector.switching.margin:",
      "f.yaml:9:14 balancing.policy:",
      "f.yaml:10:12 breaker.cooldown:",
      "f.yaml:11:1 poool:",
      "f.yaml:12:10 cache.scoreTtl:"
    ])
    assert.include(problems[3], "did you mean name?")
    assert.include(problems[10], "did you mean pool?")
  })

  it.each([
    [
      "a listener that names no upstream of the file",
      { listeners: [{ name: "a", listen: "127.0.0.1:1", upstream: "wbe" }] },
      "did you mean web?"
    ],
    ["two listeners of one name", {
      listeners: [0, 1].map((i) => ({ name: "a", listen: `127.0.0.1:${i + 1}`, upstream: "web" }))
    }, "is taken by listeners.0"],
    ["two listeners on one address", {
      listeners: ["a", "b"].map((name) => ({ name, listen: "127.0.0.1:1", upstream: "web" }))
    }, "is taken by listeners.0"],
    ["a candidate without any port", { upstreams: { web: { candidates: ["198.18.0.1"] } } }, "names no port"],
    [
      "a fallback without any port",
      { upstreams: { web: { candidates: ["198.18.0.1:1"], fallback: ["198.18.0.2"] } } },
      "names no port"
    ],
    ["an upstream without a name", {
      upstreams: { web: { port: 1, candidates: ["198.18.0.1"] }, "": { host: "a.example" } }
    }, "needs a name"],
    ["an upstream without anybody", { upstreams: { web: {} } }, "needs candidates, or a host"],
    ["more candidates than it may have", {
      probing: { maxCandidates: 7 },
      upstreams: { web: { port: 1, candidates: ["198.18.0.0/29"] } }
    }, "makes more than 7 addresses"],
    ["an admin port that others can reach, without a token", { admin: { listen: "0.0.0.0:9099" } }, "set admin.token"],
    ["an admin port on a listener's address", { admin: { listen: "127.0.0.1:1234" } }, "is taken by listeners.0"],
    ["a pool that is never large enough", { pool: { min: 5, max: 4 } }, "5 is more than max, 4"],
    ["no listener at all", { listeners: [] }, "at least one listener"]
  ])("refuses %s", (_name, change, expected) => {
    const problems = problemsOf(JSON.stringify({ ...base(), ...change }))
    assert.isTrue(problems.some((problem) => problem.includes(expected)), problems.join("\n"))
  })

  it("names a mistake of YAML itself", () => {
    assert.match(problemsOf("listeners: [\nupstreams: {")[0] ?? "", /^f\.yaml:\d+:\d+ /)
  })

  it("does not let a small file grow into a large one", () => {
    const bomb = Array.from(
      { length: 12 },
      (_, i) => `a${i}: &a${i} [${Array(9).fill(i === 0 ? "x" : `*a${i - 1}`).join(", ")}]`
    )
    assert.deepStrictEqual(problemsOf(bomb.join("\n")), [
      "f.yaml:1:1 too many aliases: at most 100 values may come from them"
    ])
  })

  it("names a preheated domain as it is written, at port 443 where none is given, and no other twice", () => {
    const core = parse(JSON.stringify({ ...base(), preheatDomains: ["GitHub.com", "api.example:8443", "mail.example:25"] }))
      .settings?.core
    const domains = core?.upstreams.slice(2).map(({ name, host, port, preheat }) => [name, host, port, preheat])
    assert.deepStrictEqual(domains, [
      ["GitHub.com", "GitHub.com", 443, true],
      ["api.example:8443", "api.example", 8443, true],
      ["mail.example:25", "mail.example", 25, true]
    ])
    assert.deepStrictEqual(core?.upstreams.map(({ pool }) => pool.mode), ["dynamic", "dynamic", "dynamic", "dynamic", "off"])
    const twice = problemsOf(`listeners: [{ name: web, listen: "127.0.0.1:1234", upstream: a.example }]
upstreams: { a.example: { host: a.example } }
preheatDomains:
  - a.example
  - b.example
  - b.example
  - "c.example:99999"
`)
    assert.deepStrictEqual(twice.map((problem) => problem.split(" ").slice(0, 2).join(" ")), [
      "f.yaml:4:5 preheatDomains.0:",
      "f.yaml:6:5 preheatDomains.2:",
      "f.yaml:7:5 preheatDomains.3:"
    ])
  })

  it("lets no score live for less than minTtl", () => {
    const ttl = (cache: Json) => parse(JSON.stringify({ ...base(), cache })).settings?.core.template.scoreTtlMs
    assert.deepStrictEqual([ttl({ scoreTtl: "5s" }), ttl({ scoreTtl: "5s", minTtl: "1s" })], [30_000, 5_000])
  })

  it("turns warm sockets off for protocols in which the server speaks first, unless told otherwise", () => {
    const mode = (upstream: Json) => {
      const file = { ...base(), upstreams: { web: upstream, other: upstream } }
      return parse(JSON.stringify(file)).settings?.core.upstreams[0]?.pool.mode
    }
    assert.strictEqual(mode({ port: 22, candidates: ["198.18.0.1"] }), "off")
    assert.strictEqual(mode({ port: 443, candidates: ["198.18.0.1"] }), "dynamic")
    assert.strictEqual(mode({ port: 22, candidates: ["198.18.0.1"], pool: { mode: "fixed" } }), "fixed")
  })
})

describe("units", () => {
  it.each([["250ms", 250], ["1h30m", 5_400_000], ["7d", 604_800_000], ["1.5s", 1_500]])(
    "reads the duration %s",
    (text, ms) => {
      assert.strictEqual(parseDuration(text), ms)
      assert.strictEqual(parseDuration(formatDuration(ms)), ms)
    }
  )
  it.each(["", "10", "5 s", "ms", "1h30", "-1s"])("does not take %j for a duration", (text) => {
    assert.isUndefined(parseDuration(text))
  })
  it("reads sizes", () => {
    assert.deepStrictEqual(["512B", "64KiB", "1GiB", "5KB"].map(parseSize), [512, 65_536, 1_073_741_824, undefined])
  })
  it("reads addresses in canonical form", () => {
    assert.deepStrictEqual(parseEndpoint("[2001:DB8::0:1]:443"), { host: "2001:db8::1", port: 443 })
    assert.deepStrictEqual(parseEndpoint("::1"), { host: "::1", port: undefined })
    for (const bad of ["300.1.1.1", "1.2.3.4:0", "1.2.3.4:70000", "localhost:80", "[::1"]) {
      assert.isUndefined(parseEndpoint(bad))
    }
  })
  it("expands networks in order, across bytes, and stops where it is too much", () => {
    assert.deepStrictEqual(expandNetwork("198.18.0.254/31", 10)?.map(({ host }) => host), ["198.18.0.254", "198.18.0.255"])
    assert.strictEqual(expandNetwork("198.18.0.0/23", 1_000)?.[256]?.host, "198.18.1.0")
    assert.strictEqual(expandNetwork("10.0.0.0/8", 100)?.length, 101)
    assert.strictEqual(expandNetwork("2001:db8::/126", 10)?.[3]?.host, "2001:db8::3")
  })
})
