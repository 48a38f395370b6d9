/** The rules and the board of deploy/: judged by promtool, and by a real Prometheus beside a service that meets an outage. */
import { assert, describe, it } from "vitest"
import { spawnSync } from "node:child_process"
import * as fs from "node:fs"
import * as path from "node:path"
import { parse } from "yaml"
import { CATALOGUE } from "../../src/adapters/otel/catalogue.ts"
import { ROWS } from "../../tools/board/panels.ts"
import { inScratch, portOf, ROOT, start, writeConfig } from "../support/command.ts"
import { freePorts } from "../support/freePorts.ts"
import { lacksTool } from "../support/peers/tools.ts"
import { noPrometheus, prometheus } from "../support/prometheus.ts"
import { ask, named, until } from "../support/servers.ts"

const FOLDER = path.join(ROOT, "deploy/prometheus")
const rulesText = fs.readFileSync(path.join(FOLDER, "rules.yaml"), "utf8")
interface Rule {
  readonly alert?: string
  readonly record?: string
  readonly expr: string
  readonly annotations?: { readonly runbook: string }
}
const rules = (parse(rulesText) as { groups: ReadonlyArray<{ rules: ReadonlyArray<Rule> }> }).groups.flatMap(({ rules }) =>
  rules
)
const queries = ROWS.flatMap(({ panels }) =>
  panels.flatMap(({ title, queries }) => queries.map(({ expr }) => ({ title, expr })))
)

/** A minute in the rules is a fraction of a second here. */
const fast = (text: string): string =>
  text.replace(/\[\d+[mh]\]/g, "[3s]").replace(/for: \d+m/g, "for: 200ms").replace(/\$__rate_interval/g, "3s")
    .replace(/\$(instance|listener|upstream)/g, ".*")

describe("every metric in the rules and on the board", () => {
  const known = new Map(CATALOGUE.map((one) => [one.name, one]))

  it.each([
    ...rules.map(({ alert, record, expr }) => [alert ?? record, expr]),
    ...queries.map(({ title, expr }) => [title, expr])
  ])(
    "is one that Fairlead has, with labels that it has: %s",
    (_name, expr = "") => {
      const names = [...expr.matchAll(/\b(?:fairlead|ip_pool)_[a-z_]+/g)].map(([name]) => name.replace(/_bucket$/, ""))
      const recorded = [...expr.matchAll(/\bfairlead:[a-z_]+:[a-z0-9_]+/g)].map(([name]) => name)
      assert.isAtLeast(names.length + recorded.length + Number(expr.includes("up{")), 1)
      assert.deepStrictEqual(names.filter((name) => !known.has(name)), [])
      assert.deepStrictEqual(recorded.filter((name) => !rules.some(({ record }) => record === name)), [])
      const has = new Set(["le", "job", "instance", ...names.flatMap((name) => known.get(name)?.labels ?? [])])
      if (recorded.length > 0 || names.length === 0) { for (const label of ["listener", "upstream"]) has.add(label) }
      const used = [...expr.matchAll(/by \(([^)]+)\)/g)].flatMap(([, list = ""]) => list.split(/, ?/))
      const matched = [...expr.matchAll(/([a-z_]+)(?:=~|!=|=)"/g)].map(([, label = ""]) => label)
      assert.deepStrictEqual([...used, ...matched].filter((label) => !has.has(label)), [])
    }
  )
})

describe("the files of deploy/", () => {
  it("have a paragraph in the handbook for each alert", () => {
    const handbook = fs.readFileSync(path.join(ROOT, "docs/operations.md"), "utf8")
    const alerts = rules.filter(({ alert }) => alert !== undefined)
    assert.isAtLeast(alerts.length, 10)
    for (const { alert, annotations } of alerts) {
      assert.include(handbook, `#### ${alert}\n`)
      assert.strictEqual(annotations?.runbook, `docs/operations.md#${alert?.toLowerCase()}`)
    }
  })

  it("have the board that tools/board.ts writes", () => {
    const { status, stderr } = spawnSync(process.execPath, [path.join(ROOT, "tools/board.ts"), "--check"], {
      encoding: "utf8"
    })
    assert.deepStrictEqual([status, stderr], [0, ""])
  })

  it.skipIf(lacksTool("promtool", "prometheus", "promtool"))("pass promtool's check and its tests of rules", () => {
    for (const args of [["check", "rules", "rules.yaml"], ["test", "rules", "rules.test.yaml"]]) {
      const { status, stdout, stderr } = spawnSync("promtool", args, { cwd: FOLDER, encoding: "utf8" })
      assert.strictEqual(status, 0, stdout + stderr)
    }
    const tested = fs.readFileSync(path.join(FOLDER, "rules.test.yaml"), "utf8")
    assert.deepStrictEqual(
      rules.flatMap(({ alert }) => alert === undefined || tested.includes(`alertname: ${alert}\n`) ? [] : [alert]),
      []
    )
  })
})

describe.skipIf(noPrometheus)("a real Prometheus", () => {
  it("answers every query of the board, and its alerts fire when no address serves", () =>
    inScratch(async (directory) => {
      const server = await named("one")
      const [admin = 0] = await freePorts(1)
      const file = writeConfig(directory, {
        candidates: [server.port],
        more: `admin: { listen: "127.0.0.1:${admin}" }`
      })
      const running = start(["run", "--config", file])
      await until("it listens", () => portOf(running) !== undefined, 30_000)
      const port = portOf(running) as number
      await using watcher = await prometheus(`127.0.0.1:${admin}`, fast(rulesText))
      const firing = async (): Promise<ReadonlyArray<string>> => {
        const { alerts } = await watcher.api("alerts")
        return alerts.flatMap(({ state, labels }: any) => state === "firing" ? [labels.alertname] : [])
      }
      const eventually = async (what: string, holds: () => Promise<boolean>) => {
        let is = false
        const check = async () => {
          while (!is) {
            is = await holds()
            await new Promise((resolve) => setTimeout(resolve, 100))
          }
        }
        void check()
        await until(what, () => is, 30_000).finally(() => (is = true))
      }

      await eventually("its clients are seen", async () => {
        assert.strictEqual(await ask(port), "one")
        const [sample] = await watcher.query("sum(fairlead:connections:rate5m) > 0")
        return sample !== undefined
      })
      const full = new Set<string>()
      for (const { title, expr } of queries) if ((await watcher.query(fast(expr))).length > 0) full.add(title)
      const expected = [
        "Clients per second",
        "Not served",
        "First byte, 99 of 100",
        "Served by a warm socket",
        "Score",
        "Event loop"
      ]
      assert.includeMembers([...full], expected)
      const { groups } = await watcher.api("rules")
      const broken = groups.flatMap(({ rules }: any) => rules.filter(({ health }: any) => health !== "ok"))
      assert.deepStrictEqual(broken.map(({ name, lastError }: any) => `${name}: ${lastError}`), [])
      assert.notInclude(await firing(), "FairleadClientsUnserved")

      await server.stop()
      await eventually("the alert fires", async () => {
        await ask(port).catch(() => {})
        return (await firing()).includes("FairleadClientsUnserved")
      })
      fs.appendFileSync(file, "nonsense: 1\n")
      await eventually("a refused configuration is told", async () => (await firing()).includes("FairleadReloadRefused"))
      running.kill("SIGTERM")
      await running.ended
      await eventually("the end of the service is told", async () => (await firing()).includes("FairleadDown"))
    }), 120_000)
})
