/** Hosts as users write them: internationalised names, and texts that cannot be a host. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as fs from "node:fs"
import * as path from "node:path"
import * as tls from "node:tls"
import { parse } from "../../src/apps/config/parse.ts"
import type { FairleadConfig } from "../../src/mod.ts"
import { Fairlead, UnknownUpstreamError } from "../../src/mod.ts"
import { internationalised } from "../support/certificates.ts"
import { command, inScratch } from "../support/command.ts"
import { dnsServer } from "../support/dnsServer.ts"
import { named, until } from "../support/servers.ts"
import { serveTls } from "../support/tlsServers.ts"

const UNICODE = "bücher.test"
const ASCII = "xn--bcher-kva.test"
const WRITTEN = [UNICODE, "BÜCHER.Test", "bu\u0308cher.test", ASCII, "XN--BCHER-KVA.TEST"]

const place = <S extends { readonly stop: () => Promise<void> }>(make: () => Promise<S>) =>
  Effect.acquireRelease(Effect.promise(make), ({ stop }) => Effect.promise(stop))

const yaml = (more: string) => `listeners: [{ name: web, listen: "127.0.0.1:1234", upstream: web }]\n${more}\n`
const parsedHost = (host: string) => parse(yaml(`upstreams: { web: { host: ${JSON.stringify(host)}, port: 443 } }`))

describe("an internationalised host", () => {
  it("is the same upstream in Unicode and in ASCII, in the core, for certificates and on display", () => {
    for (const host of WRITTEN) {
      const { settings, effective, problems } = parsedHost(host)
      assert.deepStrictEqual(problems, [], host)
      const [web] = settings?.core.upstreams ?? []
      assert.deepStrictEqual([web?.host, web?.identity?.servername.toLowerCase()], [ASCII, ASCII])
      const shown = (effective as { readonly upstreams: { readonly web: { readonly host: string } } }).upstreams.web.host
      assert.strictEqual(shown.toLowerCase(), ASCII)
    }
  })

  it("becomes ASCII in preheatDomains, builtin and admin.hosts", () => {
    const { settings, problems } = parse(
      `listeners: [{ name: web, listen: "127.0.0.1:1234", upstream: "${UNICODE}" }]
preheatDomains: ["${UNICODE}"]
builtin: { ${UNICODE}: [198.18.0.1] }
admin: { hosts: ["${UNICODE}"] }
`
    )
    assert.deepStrictEqual(problems, [])
    assert.deepStrictEqual(settings?.core.upstreams.map(({ name, host }) => [name, host]), [[ASCII, ASCII]])
    assert.deepStrictEqual(settings?.listeners[0]?.target, { _tag: "Upstream", name: ASCII })
    assert.deepStrictEqual(settings?.core.builtin.find(({ host }) => host === ASCII)?.addresses, ["198.18.0.1"])
    assert.deepStrictEqual(settings?.admin?.hosts, [ASCII])
  })

  it("that is preheated in both forms is refused as a duplicate", () => {
    const { problems } = parse(
      `listeners: [{ name: web, listen: "127.0.0.1:1234", upstream: "${ASCII}" }]\npreheatDomains: ["${UNICODE}", "${ASCII}"]\n`
    )
    assert.deepStrictEqual(problems.map((one) => one.path), ["preheatDomains.1"])
  })

  it.live("is resolved, verified and served, whichever form the program uses", () =>
    Effect.gen(function* () {
      const asked: Array<string | false> = []
      const server = yield* place(() => serveTls(internationalised))
      const dns = yield* dnsServer({ [ASCII]: ["127.0.0.1"] })
      yield* Effect.promise(() =>
        inScratch((directory) => {
          const caFile = path.join(directory, "ca.pem")
          fs.writeFileSync(caFile, internationalised.cert)
          const web = { host: UNICODE, port: server.port, caFile, probing: { mode: "tls", interval: "100ms" } } as const
          const config: FairleadConfig = { upstreams: { web }, dns: { servers: [`127.0.0.1:${dns.port}`] } }
          return Effect.runPromise(
            Effect.gen(function* () {
              const { connect, status } = yield* Fairlead
              const candidates = () => Effect.runSync(status).upstreams.flatMap((one) => one.candidates)
              yield* Effect.promise(() =>
                until("its identity was checked", () => candidates().some(({ identity }) => identity !== "unknown"))
              )
              assert.deepStrictEqual(candidates().map(({ identity }) => identity), ["verified"])
              for (const host of WRITTEN) {
                const socket = yield* connect(host, server.port)
                const secure = tls.connect({ socket, servername: ASCII, ca: [internationalised.cert] })
                asked.push(yield* Effect.promise(() => helloOf(secure)))
              }
              assert.deepStrictEqual((yield* status).upstreams.map(({ host }) => host), [ASCII])
            }).pipe(Effect.provide(Fairlead.layer(config)))
          )
        })
      )
      assert.deepStrictEqual(asked, WRITTEN.map(() => "good"))
    }).pipe(Effect.scoped), 30_000)

  it.live("that is not configured is discovered on first use, once for both forms", () =>
    Effect.gen(function* () {
      const server = yield* place(() => named("good"))
      const dns = yield* dnsServer({ [ASCII]: ["127.0.0.1"] })
      const config: FairleadConfig = { dns: { servers: [`127.0.0.1:${dns.port}`] } }
      yield* Effect.gen(function* () {
        const { connect, refresh, status } = yield* Fairlead
        for (const host of WRITTEN) (yield* connect(host, server.port)).destroy()
        assert.deepStrictEqual((yield* status).upstreams.map(({ host }) => host), [ASCII])
        yield* refresh(UNICODE, server.port)
      }).pipe(Effect.provide(Fairlead.layer(config)))
    }).pipe(Effect.scoped))
})

/** The answer of a server to the first byte. */
const helloOf = (secure: tls.TLSSocket) =>
  new Promise<string>((resolve) => {
    let answer = ""
    secure.on("data", (chunk) => (answer += String(chunk)))
    secure.on("error", (error) => resolve(error.message))
    secure.on("end", () => resolve(answer))
    secure.write("?")
  })

/** A text, and what its message must say. */
const NO_HOSTS: ReadonlyArray<readonly [text: string, cure: RegExp]> = [
  ["http://svc.test", /without http:\/\/: svc\.test/],
  ["https://svc.test/path", /without https:\/\/: svc\.test/],
  ["example.com:443", /port .* of its own: host example\.com, port 443/],
  ["example.com/path", /alone, without path/],
  ["user@example.com", /alone, without .*user/],
  ["a..b", /empty/],
  [".example.com", /empty/],
  ["*.x", /wildcard/],
  [" example.com", /blanks/],
  ["example.com ", /blanks/],
  ["exa mple.com", /blanks/],
  ["[::1]", /without brackets/],
  ["-a.example", /hyphen/],
  ["a-.example", /hyphen/],
  ["999.1.1.1", /IP address/],
  ["1.2.3", /IP address/],
  ["a.b!c", /letters, digits/],
  [`${"a".repeat(64)}.example`, /63/],
  [`${"a.".repeat(127)}example`, /253/],
  ["bü cher.test", /blanks/],
  ["bücher.test:443", /port .* of its own/],
  ["xn--\u00fc.test", /ASCII/]
]

const HOSTS = ["example.com", "example.com.", "localhost", "a_b.example", "a--b.example", "1and1.example", "3.example"]
const LITERALS = ["192.0.2.1", "2001:db8::1"]

describe("a text that cannot be a host", () => {
  it.each(NO_HOSTS)("%s is refused, and the message says why", (text, cure) => {
    const { problems } = parsedHost(text)
    assert.deepStrictEqual(problems.map((one) => one.path), ["upstreams.web.host"])
    assert.match(problems[0]?.message ?? "", cure)
    assert.match(problems[0]?.message ?? "", /^expected a host name/)
  })

  it.each([...HOSTS, ...LITERALS])("does not include %s, which is accepted", (text) => {
    assert.deepStrictEqual(parsedHost(text).problems, [])
  })

  it("is refused in preheatDomains and builtin too", () => {
    const { problems } = parse(yaml(
      `upstreams: { web: { host: web.example, port: 443 } }
preheatDomains: ["a..b", "999.1.1.1:80", "-a.example"]
builtin: { "a..b": [198.18.0.1], "*.x": [198.18.0.1] }`
    ))
    assert.deepStrictEqual(problems.map((one) => one.path), [
      "preheatDomains.0",
      "preheatDomains.1",
      "preheatDomains.2",
      "builtin.a..b",
      "builtin.*.x"
    ])
  })

  it("is refused by `check`, which names all of them at once", async () => {
    await inScratch(async (directory) => {
      const file = path.join(directory, "f.yaml")
      fs.writeFileSync(
        file,
        yaml(`upstreams: { web: { host: "http://svc.test", port: 80 }, other: { host: "a..b", port: 80 } }`)
      )
      const { code, stderr, stdout } = await command(["check", "--config", file])
      assert.strictEqual(code, 2)
      assert.match(stdout + stderr, /upstreams\.web\.host[^]*upstreams\.other\.host/)
    })
  })

  it.live("is refused for a program, without a discovery", () =>
    Effect.gen(function* () {
      const { connect, status } = yield* Fairlead
      for (const host of ["http://svc.test", "a..b", "*.x", " a.example", "-a.example", "1.2.3", "xn--\u00fc.test"]) {
        assert.instanceOf(yield* Effect.flip(connect(host, 80)), UnknownUpstreamError)
      }
      assert.deepStrictEqual((yield* status).upstreams, [])
    }).pipe(Effect.provide(Fairlead.layer({}))))
})
