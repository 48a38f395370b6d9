/** `fairlead status`: what it shows of a running service. */
import { assert, describe, it } from "vitest"
import * as path from "node:path"
import { textOf } from "../../src/apps/demo/spans.ts"
import { spanText } from "../../src/apps/status/ago.ts"
import { Courses } from "../../src/apps/status/Courses.ts"
import type { ShownCandidate, StatusDocument } from "../../src/apps/status/StatusDocument.ts"
import { statusLines } from "../../src/apps/status/statusLines.ts"
import { inScratch, portOf, start, writeConfig } from "../support/command.ts"
import { freePorts } from "../support/freePorts.ts"
import { named, until } from "../support/servers.ts"

const candidate = (id: string, more: Partial<ShownCandidate> = {}): ShownCandidate => ({
  ...{ id, address: "192.0.2.1:443", score: 83.3, costMs: 20, latencyMs: 19, jitterMs: 4, successRate: 1 },
  ...{ breaker: "closed", suspect: false, active: false, warm: 0, connections: 0 },
  ...more
})
const document: StatusDocument = {
  ...{ enabled: true, override: null, autoDisabledUntil: null, outage: null, uptimeSeconds: 7_980, restarts: 0 },
  record: { from: 0, to: 41, gaps: 0 },
  listeners: [
    {
      ...{ name: "web", protocol: "tcp", listen: "127.0.0.1:1234", connections: 3, waiting: 0 },
      ...{ paused: false, accepted: 120, refused: 0 }
    }
  ],
  upstreams: [
    {
      ...{ name: "web", host: "web.example", port: 443, dns: null, state: "active" },
      ...{ selectedAt: "2026-01-01T00:00:00.000Z", candidateCount: 6 },
      candidates: [
        candidate("web#1", { active: true, warm: 2, connections: 3 }),
        candidate("web#2", { breaker: "open" }),
        candidate("web#3", { suspect: true }),
        candidate("web#4", { costMs: null, latencyMs: null, jitterMs: null })
      ]
    }
  ]
}
const look = { nowMs: Date.parse("2026-01-01T00:01:15Z"), unicode: true, at: "127.0.0.1:9099" }
const linesOf = (one: StatusDocument, more = {}) =>
  statusLines(one, { ...look, ...more }).map((line) => textOf(line).trimEnd())

describe("the lines of a status", () => {
  it("have one table over all upstreams, with each candidate's state in words", () => {
    const lines = linesOf(document)
    assert.strictEqual(lines[0], "Fairlead at 127.0.0.1:9099   up 2h 13m   enabled   record 0 to 41")
    assert.include(lines, "web  web.example:443  active, chosen 1m 15s ago")
    const rows = lines.filter((line) => /#\d/.test(line)).map((line) => line.split(/ {2,}/).map((cell) => cell.trim()))
    assert.deepStrictEqual(rows[0], [
      ...["● web#1", "192.0.2.1:443", "in the set", "83", "20.0", "19.0", "2", "3", "100 %", "4.0"]
    ])
    assert.deepStrictEqual(rows.map((row) => row.find((cell) => /set|out|suspect|measured/.test(cell))), [
      ...["in the set", "shut out", "suspect", "not measured"]
    ])
    assert.include(lines, "  and 2 more")
  })

  it("say what is wrong with the machine, the record and the pool", () => {
    const lines = linesOf({
      ...document,
      upstreams: document.upstreams.map((one) => ({ ...one, state: "unranked", commonCause: { sinceSeconds: 220 } })),
      enabled: false,
      override: false,
      record: { from: 0, to: 9, gaps: 2 },
      outage: { sinceSeconds: 90, reason: "all-failed" },
      autoDisabledUntil: "2026-01-01T00:01:45Z"
    })
    assert.match(lines[0] as string, /disabled by an operator {3}record 0 to 9, 2 gaps$/)
    assert.match(lines[1] as string, /own network is down since 1m 30s: all-failed$/)
    assert.match(lines[2] as string, /last resort for 30s more$/)
    assert.include(lines.join("\n"), "unranked, chosen 1m 15s ago, all candidates fail together since 3m 40s")
  })

  it("have curves of the costs that were seen, and forget candidates that are gone", () => {
    const courses = new Courses()
    const withCosts = (...costs: ReadonlyArray<number | null>) => ({
      ...document,
      upstreams: document.upstreams.map((one) => ({
        ...one,
        candidates: costs.map((costMs, i) => candidate(`web#${i + 1}`, { costMs, active: true }))
      }))
    })
    courses.add(withCosts(1, 2))
    courses.add(withCosts(null))
    assert.deepStrictEqual([courses.of("web#1"), courses.of("web#2")], [[1, -1], []])
    const [, row = ""] = linesOf(withCosts(20), { courseOf: () => [40, -1, 1] }).filter((line) =>
      /cost lately|#1/.test(line)
    )
    assert.match(row, /█ ▂$/)
  })

  it.each([[0, "0s"], [59.6, "1m"], [61, "1m 1s"], [7_200, "2h"], [90_061, "1d 1h"]])(
    "show %s seconds as %s",
    (seconds, text) => assert.strictEqual(spanText(seconds), text)
  )
})

describe("fairlead status", () => {
  it("shows the running service in a table, as JSON, and again and again", () =>
    inScratch(async (directory) => {
      const server = await named("one")
      const [admin = 0] = await freePorts(1)
      const file = writeConfig(directory, {
        candidates: [server.port],
        log: path.join(directory, "log"),
        more: `admin: { listen: "127.0.0.1:${admin}" }`
      })
      const running = start(["run", "--config", file])
      await until("it listens", () => portOf(running) !== undefined, 30_000)
      const watching = start(["status", "--watch", "--config", file])
      const json = start(["status", "web", "--json", "--admin", `127.0.0.1:${admin}`])
      const unknown = start(["status", "nope", "--config", file])
      const { code, stdout } = await json.ended
      assert.strictEqual(code, 0)
      assert.deepStrictEqual(JSON.parse(stdout).upstreams.map(({ name }: { name: string }) => name), ["web"])
      const absent = await unknown.ended
      assert.deepStrictEqual([absent.code, absent.stdout], [1, ""])
      assert.include(absent.stderr, "the service has no upstream nope")
      const times = () => watching.stdout().split("Fairlead at ").length - 1
      await until("it is shown twice", () => times() >= 2, 30_000)
      assert.match(watching.stdout(), /web#1 +127\.0\.0\.1:\d+ +(in the set|not measured)/)
      // deno-lint-ignore no-control-regex
      assert.notMatch(watching.stdout(), /\x1b/)
      running.kill("SIGTERM")
      const gone = await watching.ended
      assert.strictEqual(gone.code, 1)
      assert.include(gone.stderr, "no service answers on the admin port")
      assert.strictEqual((await running.ended).code, 0)
      await server.stop()
    }), 60_000)
})
