/** Mistakes in `tls`: a malformed pin, a doubtful chain, and keys that protect and could not act. */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { assert, describe, it } from "vitest"
import { parse } from "../../src/apps/config/parse.ts"
import { render } from "../../src/apps/config/Problem.ts"
import { decode } from "../../src/apps/embed/config.ts"
import { demanded } from "../../src/core/demanded.ts"
import type { FairleadConfig } from "../../src/mod.ts"
import { inScratch } from "../support/command.ts"
import { authorityFile } from "../support/stagedServers.ts"

const PIN = "sha256/47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="

const problemsOf = (config: FairleadConfig): ReadonlyArray<string> => {
  const result = Effect.runSync(Effect.result(decode(config)))
  return Result.isFailure(result) ? result.failure.problems.map(({ path, message }) => `${path}: ${message}`) : []
}
const withTls = (tls: unknown): FairleadConfig => ({ upstreams: { web: { host: "web.example", tls: tls as never } } })

describe("a program's configuration", () => {
  it("may have a chain, a cover name and several pins", () =>
    assert.deepStrictEqual(
      problemsOf(withTls({ chain: ["cover", "real", "system"], coverName: "cover.example", pins: [PIN, PIN] })),
      []
    ))

  it.each<readonly [what: string, tls: unknown, path: string, message: RegExp]>([
    ["a pin without its kind", { pins: [PIN.slice(7)] }, "upstreams.web.tls.pins.0", /expected sha256\/ and the SHA-256/],
    ["a pin that is too short", { pins: [`${PIN.slice(0, -2)}=`] }, "upstreams.web.tls.pins.0", /44 characters/],
    ["a pin in hexadecimal", { pins: [`sha256/${"ab".repeat(32)}`] }, "upstreams.web.tls.pins.0", /in Base64/],
    ["a pin with bits beyond 32 bytes", { pins: [PIN.replace("U=", "V=")] }, "upstreams.web.tls.pins.0", /in Base64/],
    ["an unknown stage", { chain: ["fake"] }, "upstreams.web.tls.chain.0", /one of cover, real, system/],
    ["a stage twice", { chain: ["real", "real"] }, "upstreams.web.tls.chain", /has the stage real twice/],
    ["no stage", { chain: [] }, "upstreams.web.tls.chain", /./],
    ["stage cover without a name", { chain: ["cover", "real"] }, "upstreams.web.tls.chain", /set coverName/],
    [
      "a cover name that is never sent",
      { coverName: "cover.example" },
      "upstreams.web.tls.coverName",
      /would never be sent.*chain: \[cover, real, system\]/
    ],
    [
      "an address as a cover name",
      { chain: ["cover"], coverName: "192.0.2.1" },
      "upstreams.web.tls.coverName",
      /a host name/
    ],
    ["no attempts", { attempts: 0 }, "upstreams.web.tls.attempts", /from 1 to 64/],
    ["too short a timeout", { timeout: "1ms" }, "upstreams.web.tls.timeout", /from 10ms to 1m/],
    ["an unknown key", { pin: PIN }, "upstreams.web.tls.pin", /did you mean pins/]
  ])("must not have %s", (_what, tls, path, message) => {
    const [first = "", ...more] = problemsOf(withTls(tls))
    assert.deepStrictEqual(more, [])
    assert.strictEqual(first.slice(0, path.length + 1), `${path}:`)
    assert.match(first, message)
  })

  it("must not let probes send the name that a cover name keeps back, and by default does not", async () => {
    const tls = { chain: ["cover", "real"], coverName: "cover.example" } as const
    const web = { host: "web.example", tls }
    assert.deepStrictEqual(problemsOf({ probing: { mode: "tls" }, upstreams: { web } }), [
      "upstreams.web.probing.mode: tls would send the real name to candidates, which upstreams.web.tls.coverName is to keep "
      + "back: set it to auto or tcp; connectTls checks each certificate by itself"
    ])
    const { settings: { core } } = await Effect.runPromise(decode({ tls, upstreams: { web: { host: "web.example" } } }))
    assert.deepStrictEqual(core.upstreams.map(({ identity }) => identity), [null])
    assert.isNull(demanded(core, { host: "web.example", port: 443, name: "web" }).identity)
    const { settings: { core: plain } } = await Effect.runPromise(decode({ upstreams: { web: { host: "web.example" } } }))
    assert.strictEqual(plain.upstreams[0]?.identity?.servername, "web.example")
  })

  it("must not have pins where no certificate can be for the upstream", () =>
    assert.match(
      problemsOf({ upstreams: { web: { candidates: ["192.0.2.1"], tls: { pins: [PIN] } } } }).join("\n"),
      /^upstreams\.web\.host: is missing, so upstreams\.web\.tls\.pins could check no certificate/
    ))

  it("must not lead clients of a listener, which pins cannot protect, to an upstream with pins", () => {
    const listeners = [{ name: "web", listen: "127.0.0.1:0", upstream: "web" }]
    assert.deepStrictEqual(problemsOf({ listeners, ...withTls({ pins: [PIN] }) }), [
      "listeners.0.upstream: leads clients to web, and upstreams.web.tls.pins would not check their connections, which only "
      + "pass: give the listener an upstream without pins, or take the pins out"
    ])
    assert.deepStrictEqual(problemsOf({ listeners, ...withTls({ pins: [PIN], pinsReportOnly: true }) }), [])
  })

  it("may have a file of certificates without probes that check them, as programs check their connections", () =>
    inScratch(async (directory) => {
      const web = { host: "web.example", port: 8443, caFile: authorityFile(directory) }
      for (const mode of ["auto", "tcp"] as const) {
        const { warnings } = await Effect.runPromise(decode({ probing: { mode }, upstreams: { web } }))
        assert.deepStrictEqual(warnings, [])
      }
    }))
})

describe("a command's file", () => {
  const parsed = (tls: string) =>
    parse(`
listeners: [{ name: web, listen: "127.0.0.1:1234", upstream: web }]
upstreams: { web: { host: web.example, tls: ${tls} } }
`)
  const texts = (tls: string) => {
    const { problems, warnings } = parsed(tls)
    return [problems, warnings].map((all) => all.map((one) => render("f.yaml", one)).join("\n"))
  }

  it("must not have pins or a cover name, which could not act there", () => {
    const [problems, warnings] = texts(`{ chain: [cover], coverName: cover.example, pins: ["${PIN}"] }`)
    assert.match(problems!, /upstreams\.web\.tls\.pins: would check no client's connection/)
    assert.match(problems!, /upstreams\.web\.tls\.coverName: would hide no client's name/)
    assert.strictEqual(warnings, "")
  })

  it("is warned of other keys of tls, which have no effect there", () => {
    const [problems, warnings] = texts("{ attempts: 3 }")
    assert.strictEqual(problems, "")
    assert.match(warnings!, /upstreams\.web\.tls: has no effect, as clients of listeners speak TLS themselves/)
  })
})
