/** Parsing the configuration: every key is read, and every mistake is named with its location. */
import * as SchemaAST from "effect/SchemaAST"
import { assert, describe, it } from "vitest"
import { BUILTIN } from "../../src/apps/config/builtinList.ts"
import * as Effect from "effect/Effect"
import * as fs from "node:fs"
import * as path from "node:path"
import { withAuthorities } from "../../src/apps/config/authorities.ts"
import { parse } from "../../src/apps/config/parse.ts"
import { render } from "../../src/apps/config/Problem.ts"
import { ConfigFile } from "../../src/core/schema/ConfigFile.ts"
import { expandNetwork, formatDuration, parseDuration, parseEndpoint, parseSize } from "../../src/core/schema/units.ts"
import { authority, selfSigned } from "../support/certificates.ts"
import { inScratch } from "../support/command.ts"

type Json = { [key: string]: unknown }

const base = (): Json => ({
  listeners: [{ name: "web", listen: "127.0.0.1:1234", upstream: "web" }],
  upstreams: {
    web: { host: "web.example", port: 443, candidates: ["198.18.0.1"] },
    other: { port: 80, candidates: ["198.18.0.2"] }
  }
})

const problemsOf = (text: string) => parse(text).problems.map((problem) => render("f.yaml", problem))

/** Every key of the schema that holds a value, with its default. */
function leaves(
  ast: SchemaAST.AST,
  path: ReadonlyArray<string>
): ReadonlyArray<{ path: ReadonlyArray<string>; fallback: unknown }> {
  if (ast._tag === "Arrays") return ast.rest.flatMap((element) => leaves(element, [...path, "0"]))
  if (ast._tag !== "Objects" || ast.encoding !== undefined) return []
  return [
    ...ast.propertySignatures.flatMap(({ name, type }) => {
      // Keys without an effect yet are in laterKeys.test.ts.
      if (SchemaAST.resolve(type)?.["later"] === true) return []
      const here = [...path, String(name)]
      const inner = type.encoding === undefined ? leaves(type, here) : []
      return inner.length > 0 ? inner : [{ path: here, fallback: SchemaAST.resolve(type)?.["default"] }]
    }),
    ...ast.indexSignatures.flatMap(({ type }) => leaves(type, [...path, "web"]))
  ]
}

/** Other values for a key, tried in turn. */
const OTHERS: ReadonlyArray<unknown> = [
  ["real"],
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
  "full",
  { "a.example": ["198.18.7.7"] },
  "tcp",
  "client",
  "lazy",
  "refuse",
  "v2",
  ["a.example:443"]
]

/** Listeners for keys that one of them has alone. */
const LISTENERS: ReadonlyArray<Json> = [
  {},
  { protocol: "proxy", upstream: "" },
  { protocol: "sni", upstream: "" },
  { proxyProtocol: { mode: "v1v2", trusted: ["10.0.0.1"] } }
]

const baseWith = (listener: Json): Json => {
  const file = base()
  Object.assign((file["listeners"] as [Json])[0], structuredClone(listener))
  return file
}

function withValue(path: ReadonlyArray<string>, value: unknown, file = base()): Json {
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

/** A file to change, and its settings as they are. */
const baseOf = (made: () => Json) => ({ made, text: settingsText(made()) })
const BASE = baseOf(base)
const LISTENER_BASES = LISTENERS.map((one) => baseOf(() => baseWith(one)))

describe("the configuration", () => {
  it.each(leaves(ConfigFile.ast, []).map(({ path }) => [path.join("."), path] as const))("reads %s", (name, path) => {
    // Passwords are in no text, and these two keys need a second one: apps/keys/listeners.ts.
    if (["users", "protocol", "proxyProtocol.mode"].some((key) => name === `listeners.0.${key}`)) return
    // These act for programs alone, and are a mistake in a command's file: apps/keys/secured.ts.
    if (/tls[.](pins|coverName)$/.test(name)) return
    const bases = name.startsWith("listeners.0.") ? LISTENER_BASES : [BASE]
    // One is enough, and each value that is tried costs a parse.
    const other = bases.some(({ made, text }) =>
      OTHERS.some((value) => {
        const one = settingsText(withValue(path, value, made()))
        return one !== undefined && one !== text
      })
    )
    assert.isTrue(other, `no other value of ${name} changes anything`)
  })

  it("lets an upstream override a general section, key by key", () => {
    const file = { ...base(), probing: { interval: "3s", challengers: 4 } } as Json
    ;((file["upstreams"] as Json)["web"] as Json)["probing"] = { interval: "7s" }
    const [web, other] = parse(JSON.stringify(file)).settings?.core.upstreams ?? []
    assert.deepInclude(web?.probing, { intervalMs: 7_000, challengers: 4 })
    assert.deepInclude(other?.probing, { intervalMs: 3_000, challengers: 4 })
  })

  it("names every mistake of a file at once, each with its location", () => {
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
    ["two listeners with one name", {
      listeners: [0, 1].map((i) => ({ name: "a", listen: `127.0.0.1:${i + 1}`, upstream: "web" }))
    }, "is taken by listeners.0"],
    ["two listeners on one address", {
      listeners: ["a", "b"].map((name) => ({ name, listen: "127.0.0.1:1", upstream: "web" }))
    }, "is taken by listeners.0"],
    ["a candidate without any port", { upstreams: { web: { candidates: ["198.18.0.1"] } } }, "has no port"],
    [
      "a fallback without any port",
      { upstreams: { web: { candidates: ["198.18.0.1:1"], fallback: ["198.18.0.2"] } } },
      "has no port"
    ],
    ["an upstream without a name", {
      upstreams: { web: { port: 1, candidates: ["198.18.0.1"] }, "": { host: "a.example" } }
    }, "needs a name"],
    ["an upstream with the name of all hosts on demand", {
      upstreams: { web: { port: 1, candidates: ["198.18.0.1"] }, "on-demand": { host: "a.example" } }
    }, "is the name of all hosts that are found on first use"],
    ["a preheated domain with the name of all hosts on demand", {
      preheatDomains: ["on-demand"]
    }, "is the name of all hosts that are found on first use"],
    ["an upstream without candidates and host", { upstreams: { web: {} } }, "needs candidates, or a host"],
    ["more candidates than maxCandidates", {
      probing: { maxCandidates: 7 },
      upstreams: { web: { port: 1, candidates: ["198.18.0.0/29"] } }
    }, "makes more than 7 addresses"],
    ["an admin port beyond loopback without a token", { admin: { listen: "0.0.0.0:9099" } }, "set admin.token"],
    ["an admin port on a listener's address", { admin: { listen: "127.0.0.1:1234" } }, "is taken by listeners.0"],
    ["a pool whose min exceeds its max", { pool: { min: 5, max: 4 } }, "5 is more than max, 4"],
    ["a network with host bits set", { access: { deny: ["10.0.0.1/8"] } }, "the network around it is 10.0.0.0/8"],
    ["a built-in address with a port", { builtin: { "a.example": ["198.18.0.1:443"] } }, "without a port"],
    ["more built-in addresses than maxCandidates", {
      probing: { maxCandidates: 7 },
      builtin: { "a.example": ["198.18.0.0/29"] }
    }, "makes more than 7 addresses"],
    ["a built-in address that is the listener itself", {
      upstreams: { web: { host: "A.example", port: 1234 } },
      builtin: { "a.example": ["198.18.0.1", "127.0.0.1"] }
    }, "is listener web itself"],
    ["an invalid built-in name", { builtin: { "a b": [] } }, "is not a name"],
    ["a DNS server that is a name", { dns: { servers: ["dns.example"] } }, "an address such as 192.0.2.53"],
    ["no listener at all", { listeners: [] }, "at least one listener"],
    [
      "mode tls for an upstream without a host",
      { upstreams: { web: { port: 1, candidates: ["198.18.0.1"], probing: { mode: "tls" } } } },
      "needs the name that certificates are for"
    ],
    [
      "mode tls for an upstream whose host is an address",
      { upstreams: { web: { host: "198.18.0.1", port: 1 } }, probing: { mode: "tls" } },
      "needs the name that certificates are for"
    ]
  ])("refuses %s", (_name, change, expected) => {
    const problems = problemsOf(JSON.stringify({ ...base(), ...change }))
    assert.isTrue(problems.some((problem) => problem.includes(expected)), problems.join("\n"))
  })

  it.each(["127.9.9.9:9099", "[::1]:9099", "[::ffff:127.0.0.1]:9099"])(
    "needs no token for an admin port on loopback: %s",
    (listen) => {
      assert.deepStrictEqual(problemsOf(JSON.stringify({ ...base(), admin: { listen } })), [])
    }
  )

  it("names mistakes in access and builtin with their location", () => {
    const problems = problemsOf(`listeners: [{ name: web, listen: "127.0.0.1:1", upstream: web }]
upstreams: { web: { port: 1, candidates: ["198.18.0.1"] } }
access:
  allow: ["10.0.0.0/8", "2001:db8::/129"]
  deny:
    - 10.9.0.0/16
    - nobody
builtin:
  a.example: ["198.18.0.1", no]
`)
    assert.deepStrictEqual(problems.map((problem) => problem.split(" ").slice(0, 2).join(" ")), [
      "f.yaml:4:25 access.allow.1:",
      "f.yaml:7:7 access.deny.1:",
      "f.yaml:9:29 builtin.a.example.1:"
    ])
    assert.include(problems[0], "the prefix is at most /128")
  })

  it("reads networks as words, IPv4-mapped ones as IPv4, and one address as a network", () => {
    const file = { ...base(), access: { allow: ["2001:db8::/32"], deny: ["::ffff:10.1.0.0/112", "198.18.0.1"] } }
    assert.deepStrictEqual(parse(JSON.stringify(file)).settings?.core.access, {
      allow: [{ cidr: "2001:db8::/32", words: [0x2001_0db8, 0, 0, 0], bits: 32 }],
      deny: [
        { cidr: "10.1.0.0/16", words: [0x0a01_0000], bits: 16 },
        { cidr: "198.18.0.1/32", words: [0xc612_0001], bits: 32 }
      ]
    })
  })

  it("has built-in addresses for some names; an entry replaces them, an empty one removes them", () => {
    const of = (builtin: Json, host = "GitHub.com") => {
      const file = { ...base(), upstreams: { web: { host }, other: { host: "a.example" } }, builtin }
      const core = parse(JSON.stringify(file)).settings?.core
      return core?.builtin.find((one) => one.host === core.upstreams[0]?.host)?.addresses
    }
    const shipped = of({}) ?? []
    assert.isAbove(shipped.length, 3)
    for (const [name, texts] of Object.entries(BUILTIN)) {
      assert.match(name, /^[a-z0-9.]+$/)
      for (const text of texts) assert.strictEqual(parseEndpoint(text)?.host, text)
    }
    assert.deepStrictEqual(of({ "github.COM": ["198.18.0.0/30", "2001:db8::1"] }), [
      ...["198.18.0.0", "198.18.0.1", "198.18.0.2", "198.18.0.3", "2001:db8::1"]
    ])
    assert.deepStrictEqual(of({ "github.com": [] }), [])
    assert.deepStrictEqual(of({ "other.example": ["198.18.0.1"] }), shipped)
  })

  it("expands networks of both families in order, up to probing.maxCandidates addresses", () => {
    const of = (candidates: ReadonlyArray<string>, maxCandidates = 10_000) => {
      const file = { ...base(), probing: { maxCandidates } } as Json
      ;((file["upstreams"] as Json)["web"] as Json)["candidates"] = candidates
      return parse(JSON.stringify(file)).settings?.core.upstreams[0]?.candidates.map(({ host }) => host)
    }
    assert.deepStrictEqual(of(["198.18.0.254/31", "2001:db8::fffe/127", "198.18.9.9"]), [
      ...["198.18.0.254", "198.18.0.255", "2001:db8::fffe", "2001:db8::ffff", "198.18.9.9"]
    ])
    assert.strictEqual(of(["198.18.0.0/19", "2001:db8::/118"])?.length, 8_192 + 1_024)
    assert.strictEqual(of(["2001:db8::/112"]), undefined)
    assert.strictEqual(of(["2001:db8::/112"], 65_536)?.length, 65_536)
  })

  it("names a syntax error of YAML with its location", () => {
    assert.match(problemsOf("listeners: [\nupstreams: {")[0] ?? "", /^f\.yaml:\d+:\d+ /)
  })

  it("refuses a small file that aliases make too large", () => {
    const bomb = Array.from(
      { length: 12 },
      (_, i) => `a${i}: &a${i} [${Array(9).fill(i === 0 ? "x" : `*a${i - 1}`).join(", ")}]`
    )
    assert.deepStrictEqual(problemsOf(bomb.join("\n")), [
      "f.yaml:1:1 aliases and merge keys bring in more than 250000 values: take some of them out"
    ])
  })

  it("makes an upstream of each preheated domain, at port 443 by default, and refuses duplicates", () => {
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

  it("raises scoreTtl to at least minTtl", () => {
    const ttl = (cache: Json) => parse(JSON.stringify({ ...base(), cache })).settings?.core.template.scoreTtlMs
    assert.deepStrictEqual([ttl({ scoreTtl: "5s" }), ttl({ scoreTtl: "5s", minTtl: "1s" })], [30_000, 5_000])
  })

  it("turns warm sockets off on ports where the server speaks first, unless the file sets a mode", () => {
    const mode = (upstream: Json) => {
      const file = { ...base(), upstreams: { web: upstream, other: upstream } }
      return parse(JSON.stringify(file)).settings?.core.upstreams[0]?.pool.mode
    }
    assert.strictEqual(mode({ port: 22, candidates: ["198.18.0.1"] }), "off")
    assert.strictEqual(mode({ port: 443, candidates: ["198.18.0.1"] }), "dynamic")
    assert.strictEqual(mode({ port: 22, candidates: ["198.18.0.1"], pool: { mode: "fixed" } }), "fixed")
  })
})

describe("proofs of identity", () => {
  const asked = (upstream: Json, probing: Json = {}) => {
    const file = { ...base(), upstreams: { web: { candidates: ["198.18.0.1:9"], ...upstream } }, probing, listeners: [] }
    const listeners = [{ name: "web", listen: "127.0.0.1:1234", upstream: "web" }]
    return parse(JSON.stringify({ ...file, listeners })).settings?.core.upstreams[0]?.identity?.servername ?? null
  }
  it("with mode auto are required of an upstream with a host name and port 443, given or default", () => {
    assert.strictEqual(asked({ host: "web.example" }), "web.example")
    assert.strictEqual(asked({ host: "web.example.", port: 443 }), "web.example")
    assert.isNull(asked({ host: "web.example", port: 8443 }))
    assert.isNull(asked({ port: 443 }))
    assert.isNull(asked({ host: "198.18.0.1", port: 443 }))
  })
  it("with mode tls are required of every host name, with tcp of none; an upstream may differ", () => {
    assert.strictEqual(asked({ host: "web.example", port: 8443 }, { mode: "tls" }), "web.example")
    assert.isNull(asked({ host: "web.example" }, { mode: "tcp" }))
    assert.isNull(asked({ host: "web.example", probing: { mode: "tcp" } }, { mode: "tls" }))
  })

  const read = (caFile: string) =>
    Effect.runPromise(
      withAuthorities(parse(JSON.stringify({ ...base(), upstreams: { web: { host: "web.example", port: 443, caFile } } })))
    )
  const caOf = async (file: string) => (await read(file)).settings?.core.upstreams[0]?.identity?.ca

  it("trust the content of caFile, of which the core gets a digest alone", () =>
    inScratch(async (directory) => {
      const [one, same, other] = ["one.pem", "same.pem", "other.pem"].map((name) => path.join(directory, name)) as [
        string,
        string,
        string
      ]
      fs.writeFileSync(one, authority)
      fs.writeFileSync(same, `# by another way\n${authority}`)
      fs.writeFileSync(other, authority + selfSigned.cert)
      const digest = await caOf(one)
      assert.match(digest ?? "", /^[0-9a-f]{32}$/)
      assert.strictEqual(await caOf(same), digest)
      assert.match(await caOf(other) ?? "", /^[0-9a-f]{32}$/)
      assert.notStrictEqual(await caOf(other), digest)
      assert.notInclude(JSON.stringify((await read(one)).settings), "BEGIN CERTIFICATE")
    }))

  it("refuse a caFile that is missing, a directory, too large, broken or without a certificate", () =>
    inScratch(async (directory) => {
      const written = (name: string, text: string) => {
        fs.writeFileSync(path.join(directory, name), text)
        return path.join(directory, name)
      }
      const cases: ReadonlyArray<readonly [string, RegExp]> = [
        [path.join(directory, "nowhere.pem"), /there is no such file/],
        [directory, /not a regular file/],
        [written("empty.pem", ""), /holds no certificate/],
        [written("key.pem", selfSigned.key), /holds no certificate/],
        [written("broken.pem", authority.replace(/\n[A-Za-z0-9+/]{20}/, "\nAAAAAAAAAAAAAAAAAAAA")), /cannot be read/],
        [written("huge.pem", authority.repeat(3_000)), /not a regular file of at most/]
      ]
      for (const [file, why] of cases) {
        const { settings, problems } = await read(file)
        assert.isUndefined(settings, file)
        assert.deepInclude(problems[0], { path: "upstreams.web.caFile", value: file })
        assert.match(problems[0]?.message ?? "", why)
      }
    }))
})

describe("units", () => {
  it.each([["250ms", 250], ["1h30m", 5_400_000], ["7d", 604_800_000], ["1.5s", 1_500]])(
    "reads the duration %s",
    (text, ms) => {
      assert.strictEqual(parseDuration(text), ms)
      assert.strictEqual(parseDuration(formatDuration(ms)), ms)
    }
  )
  it.each(["", "10", "5 s", "ms", "1h30", "-1s"])("refuses %j as a duration", (text) => {
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
  it("expands networks in order, across bytes, and stops just beyond the limit", () => {
    assert.deepStrictEqual(expandNetwork("198.18.0.254/31", 10)?.map(({ host }) => host), ["198.18.0.254", "198.18.0.255"])
    assert.strictEqual(expandNetwork("198.18.0.0/23", 1_000)?.[256]?.host, "198.18.1.0")
    assert.strictEqual(expandNetwork("10.0.0.0/8", 100)?.length, 101)
    assert.strictEqual(expandNetwork("2001:db8::/126", 10)?.[3]?.host, "2001:db8::3")
  })
})
