/** Keys that protect and could not act are mistakes; keys without an effect yet are checked for their later form. */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as fs from "node:fs"
import { assert, describe, it } from "vitest"
import { decode } from "../../src/apps/embed/config.ts"
import { parse } from "../../src/apps/config/parse.ts"
import { render } from "../../src/apps/config/Problem.ts"
import { command, inScratch, writeConfig } from "../support/command.ts"

interface Wish {
  readonly listener?: string
  readonly upstream?: string
  readonly top?: string
}

const text = ({ listener = "", upstream = "", top = "" }: Wish, other: string | undefined) =>
  `listeners:
  - ${other ?? `{ name: web, listen: "0.0.0.0:1234", upstream: web${listener} }`}
upstreams:
  web: { port: 443, candidates: ["198.18.0.1"]${upstream} }
${top}
`
const read = (wish: Wish, environment = {}, other?: string) => {
  const { settings, problems, warnings, effective } = parse(text(wish, other), environment)
  return {
    settings,
    effective,
    problems: problems.map((one) => render("f", one)),
    warnings: warnings.map((one) => render("f", one))
  }
}

describe("a protecting key of a listener that could not act", () => {
  const protections: ReadonlyArray<readonly [path: string, wish: Wish, expected: RegExp]> = [
    ["listeners.0.users", { listener: ", users: { ann: s3cr3t }" }, /would ask no client for a password/],
    ["listeners.0.allow", { listener: ', allow: ["*:443"]' }, /would hold no client back/],
    ["listeners.0.privateTargets", { listener: ", privateTargets: false" }, /access\.deny/],
    ["listeners.0.sni", { listener: ", sni: { encrypted: refuse }" }, /would refuse no client/],
    [
      "listeners.0.proxyProtocol.trusted",
      { listener: ", proxyProtocol: { trusted: [10.0.0.1] }" },
      /would be asked of no peer/
    ],
    ["listeners.0.proxyProtocol.trusted", { listener: ", proxyProtocol: { mode: v1v2 }" }, /every peer would be refused/]
  ]

  it.each(protections)("%s is a mistake: %j", (path, wish, expected) => {
    const { settings, problems, warnings } = read(wish)
    assert.isUndefined(settings)
    assert.lengthOf(problems, 1, problems.join("\n"))
    assert.match(problems[0] ?? "", new RegExp(` ${path.replaceAll(".", "\\.")}: `))
    assert.match(problems[0] ?? "", expected)
    assert.notInclude(problems.join(), "s3cr3t")
    assert.deepStrictEqual(warnings, [])
  })

  it.each([
    ["no clients", { listener: ", clients: []" }],
    ["clients", { listener: ", clients: [10.0.0.0/8]" }],
    ["no users", { listener: ", users: {}" }],
    ["private targets that clients may reach", { listener: ", privateTargets: true" }],
    ["no PROXY protocol", { listener: ", proxyProtocol: { mode: off }", upstream: ", proxyProtocol: off" }],
    ["PROXY protocol", { listener: ", proxyProtocol: { mode: v1v2, trusted: [10.0.0.1] }", upstream: ", proxyProtocol: v2" }]
  ])("is no mistake where it acts or means no protection: %s", (_name, wish: Wish) => {
    const { settings, problems, warnings } = read(wish)
    assert.deepStrictEqual([problems, warnings], [[], []])
    assert.isDefined(settings)
  })

  it("makes check and run exit 2 and name it, without listening", () =>
    inScratch(async (directory) => {
      const file = writeConfig(directory, { candidates: [9] })
      const text = fs.readFileSync(file, "utf8").replace("upstream: web", "upstream: web, privateTargets: false")
      fs.writeFileSync(file, text)
      for (const name of ["check", "run"]) {
        const { code, stderr } = await command([name, "--config", file])
        assert.strictEqual(code, 2, stderr)
        assert.include(stderr, "listeners.0.privateTargets")
        assert.notInclude(stderr, "listening")
      }
    }))

  it("is a mistake in a program too", async () => {
    const listener = { name: "web", listen: "127.0.0.1:0", upstream: "web", users: { ann: "s3cr3t" } }
    const config = { listeners: [listener], upstreams: { web: { port: 1, candidates: ["198.18.0.1"] } } }
    const made = await Effect.runPromise(Effect.result(decode(config)))
    const message = Result.isFailure(made) ? made.failure.message : "it was taken"
    assert.include(message, "listeners.0.users: would ask no client for a password")
    assert.notInclude(message, "s3cr3t")
  })
})

describe("a listener beyond loopback, with clients that name their targets", () => {
  const off = (own: string) => read({ listener: "" }, {}, `{ name: p, listen: "0.0.0.0:8118"${own} }`)

  it.each([
    ["a proxy without users and clients", ", protocol: proxy", /set users or clients/],
    ["a proxy with allow alone", ', protocol: proxy, allow: ["example.com:443"]', /set users or clients/],
    ["a proxy with empty users", ", protocol: proxy, users: {}", /set users or clients/],
    ["sni without clients", ", protocol: sni", /set clients/]
  ])("is a mistake: %s", (_name, own, expected) => {
    const { settings, problems } = off(own)
    assert.isUndefined(settings)
    assert.match(problems.join("\n"), expected)
  })

  it.each([
    ["a proxy with users", ", protocol: proxy, users: { ann: s3cr3t }"],
    ["a proxy with clients", ", protocol: proxy, clients: [10.0.0.0/8]"],
    ["sni with clients", ", protocol: sni, clients: [10.0.0.0/8]"]
  ])("is served: %s", (_name, own) => {
    const { settings, problems } = off(own)
    assert.deepStrictEqual(problems, [])
    assert.isDefined(settings?.core.template.access)
  })

  it("shows no password in the effective configuration", () => {
    assert.notInclude(JSON.stringify(off(", protocol: proxy, users: { ann: s3cr3t }").effective), "s3cr3t")
  })
})

describe("a key without an effect yet", () => {
  const wrong: ReadonlyArray<readonly [path: string, wish: Wish, expected: string]> = [
    ["workers", { top: "workers: banana" }, "expected auto, or a whole number from 1 to 1024"],
    ["workers", { top: "workers: 0" }, "expected auto, or a whole number from 1 to 1024"],
    ["listeners.0.clients.0", { listener: ", clients: [everybody]" }, "expected a network"],
    ["listeners.0.users.ann", { listener: ", users: { ann: [s3cr3t] }" }, "expected a password"],
    ["listeners.0.users.ann", { listener: ', users: { ann: "" }' }, "expected a password"],
    ["listeners.0.allow.0", { listener: ", allow: [web]" }, "expected a host and a port"],
    ["listeners.0.allow.0", { listener: ', allow: ["*:70000"]' }, "expected a host and a port"],
    ["listeners.0.privateTargets", { listener: ", privateTargets: never" }, "expected true, false or auto"],
    ["listeners.0.handshake.timeout", { listener: ", handshake: { timeout: 10 }" }, "add a unit"],
    ["listeners.0.handshake.maxByte", { listener: ", handshake: { maxByte: 1KiB }" }, "did you mean maxBytes?"],
    ["listeners.0.proxyProtocol.mode", { listener: ", proxyProtocol: { mode: v2 }" }, "expected one of off, v1v2"],
    ["upstreams.web.proxyProtocol", { upstream: ", proxyProtocol: v3" }, "did you mean v1?"],
    ["dial.perCandidate", { top: "dial: { perCandidate: 0 }" }, "from 1 to 1000000"],
    ["upstreams.web.dial.perCandidate", { upstream: ", dial: { perCandidate: many }" }, "from 1 to 1000000"],
    ["pool.rescue", { top: "pool: { rescue: all }" }, "expected one of tls, any, off"],
    ["session.onCandidateDeath", { top: "session: { onCandidateDeath: kep }" }, "did you mean keep?"]
  ]

  it.each(wrong)("%s is checked for its later form: %j", (path, wish, expected) => {
    const { settings, problems } = read(wish)
    assert.isUndefined(settings)
    const found = problems.find((problem) => problem.includes(` ${path}: `)) ?? ""
    assert.include(found, expected, problems.join("\n"))
    assert.notInclude(problems.join(), "s3cr3t")
  })

  const good: ReadonlyArray<readonly [path: string, wish: Wish]> = [
    ["workers", { top: "workers: auto" }],
    ["workers", { top: 'workers: "${N}"' }],
    ["dial.perCandidate", { top: "dial: { perCandidate: 7 }" }],
    ["upstreams.web.pool.rescue", { upstream: ", pool: { rescue: any }" }],
    ["session.onCandidateDeath", { top: "session: { onCandidateDeath: reset }" }]
  ]

  it.each(good)("%s is accepted with one warning, and changes nothing that is in force: %j", (path, wish) => {
    const { settings, problems, warnings, effective } = read(wish, { N: "2" })
    assert.deepStrictEqual(problems, [])
    assert.lengthOf(warnings, 1)
    assert.include(warnings[0], ` ${path}: has no effect yet in this version`)
    assert.deepStrictEqual([settings, effective], [read({}).settings, read({}).effective])
  })
})

describe("a protecting key with an empty variable of the environment", () => {
  it.each([
    ["admin.token", { top: 'admin: { token: "${IT}" }' }],
    ["admin.token", { top: 'admin: { token: "${IT:-}" }' }],
    ["upstreams.web.caFile", { upstream: ', host: web.example, caFile: "${IT}"' }]
  ])("is a mistake: %s", (path, wish: Wish) => {
    const { settings, problems } = read(wish, { IT: "" })
    assert.isUndefined(settings)
    assert.match(problems[0] ?? "", new RegExp(` ${path}: .*is empty`))
  })

  it("is no mistake when the file itself has the empty value", () => {
    assert.deepStrictEqual(read({ top: 'admin: { token: "" }' }).problems, [])
  })
})

describe("an upstream's caFile", () => {
  const caFile = (rest: string) => read({ upstream: `, host: web.example, caFile: ca.pem${rest}` })

  it("is a mistake when nothing is checked with it", () => {
    const { problems } = read({ upstream: ", caFile: ca.pem" })
    assert.include(problems[0], "upstreams.web.caFile: would check no candidate")
  })

  it("is no mistake when it is used, and a warning with probing.mode tcp", () => {
    assert.deepStrictEqual([caFile("").problems, caFile("").warnings], [[], []])
    const off = caFile(", probing: { mode: tcp }")
    assert.deepStrictEqual(off.problems, [])
    assert.include(off.warnings[0], "upstreams.web.caFile")
  })
})
