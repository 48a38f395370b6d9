/** `fairlead probe`: what it takes for a target, how it ranks, and what it prints. */
import { assert, describe, it } from "vitest"
import * as fs from "node:fs"
import * as path from "node:path"
import { parseSource } from "../../src/apps/config/parse.ts"
import { readYaml } from "../../src/apps/config/yamlSource.ts"
import { ranked, rankedOf } from "../../src/apps/probe/ranking.ts"
import { rankingCsv, rankingLines } from "../../src/apps/probe/rankingText.ts"
import { listed, targetOf } from "../../src/apps/probe/targets.ts"
import { textOf } from "../../src/apps/demo/spans.ts"
import type { Scoring } from "../../src/core/model/Config.ts"
import { authority, expired, good } from "../support/certificates.ts"
import { command, inScratch, start } from "../support/command.ts"
import { serve, until } from "../support/servers.ts"
import { serveTls } from "../support/tlsServers.ts"

const scoring = parseSource(readYaml("{}"), {}, true).settings?.core.template.scoring as Scoring
const place = { name: "", host: "192.0.2.1", port: 443 }

describe("a target", () => {
  it.each([
    ["192.0.2.1", [["192.0.2.1", 443]]],
    ["192.0.2.1:8443", [["192.0.2.1", 8443]]],
    ["[2001:db8::1]:8443", [["2001:db8::1", 8443]]],
    ["2001:db8::1", [["2001:db8::1", 443]]],
    ["198.18.0.0/31", [["198.18.0.0", 443], ["198.18.0.1", 443]]],
    ["198.18.0.0/31:8443", [["198.18.0.0", 8443], ["198.18.0.1", 8443]]],
    ["Example.com", [["Example.com", 443]]],
    ["bücher.example:8443", [["xn--bcher-kva.example", 8443]]]
  ])("%s is taken for what it is", (text, expected) => {
    const { wanted, problems } = targetOf(text, 443)
    assert.deepStrictEqual(problems, [])
    assert.deepStrictEqual(wanted.map((one) => [one._tag === "Name" ? one.name : one.host, one.port]), expected)
  })

  it.each([
    ["http://example.com", "write it without http://"],
    ["1.2.3", "looks like an IP address"],
    ["example.com:0", "a port is a number from 1 to 65535"],
    ["10.0.0.0/8", "more than 10000 addresses"]
  ])("%s is refused with what to write instead", (text, part) => {
    const { wanted, problems } = targetOf(text, 443)
    assert.deepStrictEqual(wanted, [])
    assert.include(problems.join(), part)
  })

  it("of a list may have a comment, and a mistake is told with its line", () => {
    const { wanted, problems } = listed("# all\n192.0.2.1 # first\n\na..b\n", "l.txt", 443)
    assert.deepStrictEqual(wanted, [{ _tag: "Address", host: "192.0.2.1", port: 443 }])
    assert.match(problems.join("\n"), /^l\.txt:4: "a\.\.b" is no host/)
  })
})

describe("a ranking", () => {
  it("has the median, the mean step between handshakes, the loss and the cost of the service", () => {
    const one = rankedOf(place, [10, 30, "timeout", 14], scoring)
    const { minMs, medianMs, maxMs, jitterMs, loss, costMs, failures } = one
    assert.deepStrictEqual([minMs, medianMs, maxMs, jitterMs, loss], [10, 14, 30, 18, 0.25])
    assert.deepStrictEqual(failures, { timeout: 1 })
    assert.closeTo(costMs as number, (14 + scoring.jitterWeight * 18) / (4 / 5), 0.001)
  })

  it("puts loss behind distance, and what never answered last", () => {
    const near = rankedOf({ ...place, host: "192.0.2.1" }, [20, "timeout", "timeout"], scoring)
    const far = rankedOf({ ...place, host: "192.0.2.2" }, [30, 30, 30], scoring)
    const dark = rankedOf({ ...place, host: "192.0.2.3" }, ["timeout", "timeout", "refused"], scoring)
    const all = ranked([dark, near, far])
    assert.deepStrictEqual(all.map(({ host }) => host), ["192.0.2.2", "192.0.2.1", "192.0.2.3"])
    const lines = rankingLines(all, 2).map(textOf)
    assert.strictEqual(lines.length, 4)
    assert.match(lines[2] as string, /^2 {2}192\.0\.2\.1:443 +3 +1 +20\.0 +20\.0 +0\.0 +67 % +\d+ {2}2 timeout/)
    assert.include(lines[3], "and 1 more: --top 3 shows all")
    assert.match(rankingCsv(all).split("\n")[3] as string, /^192\.0\.2\.3,443,,3,0,,,,,1,,0$/)
  })
})

describe("fairlead probe", () => {
  it("measures addresses, names and lists, and exits 0 where any answered", () =>
    inScratch(async (directory) => {
      const server = await serve((socket) => socket.on("end", () => socket.end()))
      const file = path.join(directory, "list")
      fs.writeFileSync(file, `127.0.0.1:${server.port}\n127.0.0.1:1\n`)
      const { code, stdout, stderr } = await command([
        ...["probe", `@${file}`, `localhost:${server.port}`],
        ...["--count", "2", "--interval", "0s", "--json"]
      ])
      assert.deepStrictEqual([code, stderr], [0, ""])
      const { addresses } = JSON.parse(stdout) as { readonly addresses: ReadonlyArray<Record<string, unknown>> }
      const answered = addresses.filter(({ ok }) => ok === 2)
      assert.isAtLeast(answered.length, 2)
      assert.deepStrictEqual(addresses.at(-1)?.["failures"], { refused: 2 })
      await server.stop()
    }))

  it("checks certificates with --tls, and exits 1 where none was right", () =>
    inScratch(async (directory) => {
      const ca = path.join(directory, "ca.pem")
      fs.writeFileSync(ca, authority)
      const [right, late] = [await serveTls(good), await serveTls(expired)]
      const probe = (...ports: ReadonlyArray<number>) =>
        command([
          ...["probe", ...ports.map((port) => `127.0.0.1:${port}`), "--count", "1", "--tls", "--ca", ca],
          ...["--name", "web.example", "--csv"]
        ])
      const both = await probe(right.port, late.port)
      assert.strictEqual(both.code, 0, both.stderr)
      assert.match(both.stdout, new RegExp(`\n127\\.0\\.0\\.1,${right.port},,1,1,.*\n127\\.0\\.0\\.1,${late.port},,1,0,`))
      const none = await probe(late.port)
      assert.strictEqual(none.code, 1)
      await Promise.all([right.stop(), late.stop()])
    }))

  it("prints what it knows when it is interrupted", async () => {
    const server = await serve((socket) => socket.on("end", () => socket.end()))
    const running = start(["probe", `127.0.0.1:${server.port}`, "--count", "1000", "--interval", "10ms"])
    await until("it has begun", () => server.connections() > 2, 30_000)
    running.kill("SIGINT")
    const { stdout } = await running.ended
    assert.match(stdout, new RegExp(`\n1 {2}127\\.0\\.0\\.1:${server.port} `))
    await server.stop()
  })

  it("exits 2 for a target that is none, and for an address without the host of its certificate", async () => {
    const wrong = await command(["probe", "http://example.com", "a..b"])
    assert.strictEqual(wrong.code, 2)
    assert.match(wrong.stderr, /without http:\/\/[^]*"a\.\.b" is no host/)
    const unnamed = await command(["probe", "127.0.0.1", "--tls"])
    assert.strictEqual(unnamed.code, 2)
    assert.include(unnamed.stderr, "name the host of its certificate with --name HOST")
  })
})
