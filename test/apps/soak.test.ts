/** The soak as a user meets it: real sockets, real time, a short schedule. */
import { assert, describe, it } from "vitest"
import * as fs from "node:fs"
import * as path from "node:path"
import process from "node:process"
import type { Report } from "../../src/apps/soak/Report.ts"
import { command, here, inScratch, start } from "../support/command.ts"
import { violations } from "../support/conforms.ts"
import { until } from "../support/servers.ts"

/** The records of the soak go below the directory for temporary files, which is this one. */
const below = (directory: string) => ({ env: { TMPDIR: directory, TEMP: directory } })

const childrenOf = (pid: number) =>
  fs.readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter((one) => one !== "").map(Number)

const lineOf = ({ verdict }: Report, id: string) => verdict.lines.find((line) => line.id === id)

describe("fairlead soak", () => {
  it.runIf(here === "node")(
    "with warm sockets off in the user's file says not ready and why, and its report follows the published schema",
    () =>
      inScratch(async (directory) => {
        const config = path.join(directory, "fairlead.yaml")
        fs.writeFileSync(config, 'pool: { mode: "off" }\nupstreams: { mine: { candidates: ["198.18.7.7:1"] } }\n')
        const into = path.join(directory, "report")
        const args = ["soak", "--duration", "6s", "--rate", "40", "--config", config, "--report", into, "--json"]
        const { code, stdout, stderr } = await command(args, below(directory))
        const report = JSON.parse(stdout) as Report
        assert.strictEqual(code, 3, stderr)
        assert.strictEqual(report.verdict.outcome, "not ready")
        assert.strictEqual(lineOf(report, "warmShare")?.outcome, "fail")
        assert.include(lineOf(report, "warmShare")?.why, "pool.mode")
        assert.deepStrictEqual(report.taken, ["pool"])

        // What holds whatever time it took.
        assert.isTrue(report.complete)
        assert.strictEqual(report.fairlead.clients, report.control.clients)
        assert.isAbove(report.fairlead.served, 100)
        assert.strictEqual(report.fairlead.corrupted, 0)
        assert.strictEqual(report.faults.length, 11)
        assert.deepStrictEqual(report.wrongReloads, [])
        assert.deepStrictEqual(report.records.map(({ outcome }) => outcome), ["verified", "verified"])
        assert.deepStrictEqual(report.ways.map(({ way }) => way), ["program", "proxy", "tcp"])
        assert.isAbove(report.breakers.suspected, 0)

        const written = fs.readFileSync(path.join(into, "report.json"), "utf8")
        assert.deepStrictEqual(JSON.parse(written), report)
        const schema = JSON.parse(fs.readFileSync("docs/soak-report.schema.json", "utf8"))
        assert.deepStrictEqual(violations(schema, report), [])
        assert.isNotEmpty(violations(schema, { ...report, seed: "one" }))
        const page = fs.readFileSync(path.join(into, "report.html"), "utf8")
        assert.match(page, /<svg/)
        assert.notMatch(page, /<script|<link|src=|url\(|https?:/)
        assert.strictEqual(fs.statSync(path.join(into, "report.json")).mode & 0o777, 0o600)
      }),
    60_000
  )

  it(
    "ends early on SIGTERM with a report that is no verdict, and goes on from there with --resume",
    () =>
      inScratch(async (directory) => {
        const into = path.join(directory, "report")
        const args = ["soak", "--duration", "8s", "--rate", "30", "--seed", "1", "--report", into]
        const running = start(args, below(directory))
        await until("the first fault was told", () => /^00:\d\d {2}\S/m.test(running.stdout()))
        running.kill("SIGTERM")
        const { code, stdout } = await running.ended
        assert.match(stdout, /Ended early: \d+ s, seed 1/)
        assert.match(stdout, /^[\x20-\x7e\n]*$/)
        assert.include(stdout, `soak --resume ${into}`)
        const written = () => JSON.parse(fs.readFileSync(path.join(into, "report.json"), "utf8")) as Report
        const report = written()
        assert.isFalse(report.complete)
        assert.include([3, 4], code)
        assert.strictEqual(code === 3, report.verdict.lines.some(({ outcome }) => outcome === "fail"))
        assert.strictEqual(report.faults.length, 1)

        await command(["soak", "--resume", into, "--json"], below(directory))
        const whole = written()
        assert.isTrue(whole.complete)
        assert.deepStrictEqual(whole.resumedAtMs, [report.ranMs])
        assert.strictEqual(whole.startedAt, report.startedAt)
        assert.strictEqual(whole.ranMs, 8_000)
        // Nothing of the first part is lost, and no fault is missing.
        assert.isAbove(whole.fairlead.clients, report.fairlead.clients)
        assert.isAbove(whole.control.served, report.control.served)
        assert.strictEqual(whole.ways.reduce((sum, { fairlead }) => sum + fairlead.clients, 0), whole.fairlead.clients)
        assert.strictEqual(whole.faults.length, 11)
        assert.deepStrictEqual(whole.series.map(({ atMs }) => atMs), [0, 1, 2, 3, 4, 5, 6, 7].map((s) => s * 1_000))
        assert.deepStrictEqual(whole.records.map(({ outcome }) => outcome), Array(4).fill("verified"))
        const again = await command(["soak", "--resume", into])
        assert.strictEqual(again.code, 2)
        assert.match(again.stderr, /it is complete, so nothing is left to resume/)
      }),
    60_000
  )

  it.runIf(process.platform === "linux")(
    "ends with 1 and says so when the process of its upstreams is lost",
    () =>
      inScratch(async (directory) => {
        const running = start(["soak", "--duration", "20s"], below(directory))
        await until("the first fault was told", () => /^00:\d\d {2}\S/m.test(running.stdout()))
        for (const pid of childrenOf(running.pid)) process.kill(pid, "SIGKILL")
        const { code, stderr } = await running.ended
        assert.strictEqual(code, 1)
        assert.match(stderr, /the process of the upstreams of the soak ended while it was needed: ended with SIGKILL/)
      }),
    60_000
  )

  it("names what is wrong with its files and flags before it begins", () =>
    inScratch(async (directory) => {
      const thresholds = path.join(directory, "thresholds.yaml")
      fs.writeFileSync(thresholds, "sucess: 99\nrecovery: soon\n")
      const wrong = await command(["soak", "--thresholds", thresholds])
      assert.strictEqual(wrong.code, 2)
      assert.match(wrong.stderr, /sucess: there is no such threshold; there are .*success/)
      assert.match(wrong.stderr, /recovery: expected a number or off/)
      const file = await command(["soak", "--report", thresholds])
      assert.strictEqual(file.code, 2)
      assert.match(file.stderr, /--report .*thresholds\.yaml: no file can be written there/)
    }), 60_000)
})
