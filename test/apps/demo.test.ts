/** The demo as a user meets it: real sockets, real time, a short script. */
import { assert, describe, it } from "vitest"
import * as fs from "node:fs"
import type { Summary } from "../../src/apps/demo/Summary.ts"
import { command, inScratch, start } from "../support/command.ts"
import { until } from "../support/servers.ts"

/** The demo's record goes below the directory for temporary files, which is this one. */
const below = (directory: string) => ({ env: { TMPDIR: directory, TEMP: directory } })

describe("fairlead demo", () => {
  it(
    "with --json prints one document, fails no more clients than the plain forwarder, and its record verifies",
    () =>
      inScratch(async (directory) => {
        const { code, stdout, stderr } = await command(["demo", "--duration", "8s", "--json"], below(directory))
        const summary = JSON.parse(stdout) as Summary
        const { fairlead, plain, record } = summary
        assert.deepStrictEqual(summary.complaints, [], stderr)
        assert.strictEqual(code, 0)
        assert.isTrue(summary.complete)
        assert.strictEqual(fairlead.served + fairlead.failed, plain.served + plain.failed)
        assert.isAbove(fairlead.served, 100)
        assert.isAtMost(fairlead.failed, plain.failed)
        assert.isAbove(fairlead.warmShare, 0)
        assert.isAtLeast(fairlead.switches, 1)
        assert.strictEqual(record.outcome, "verified")
        assert.isAtLeast(record.choices, fairlead.served)
        const scenes = summary.story.filter(({ who }) => who === "world").map(({ text }) => text)
        assert.include(scenes, "web#2 is back")
        assert.isTrue(summary.story.some(({ who, text }) => who === "fairlead" && text.startsWith("suspects")))

        assert.strictEqual(fs.statSync(record.directory).mode & 0o777, 0o700)
        const replayed = await command(["replay", record.directory, "--json"])
        assert.strictEqual(replayed.code, 0)
        assert.strictEqual(JSON.parse(replayed.stdout).entries, record.entries)
      }),
    60_000
  )

  it(
    "prints plain lines into a pipe, and ends on SIGTERM with a summary",
    () =>
      inScratch(async (directory) => {
        const running = start(["demo"], below(directory))
        await until("the service was told to clients", () => /first to answer|nearest of those/.test(running.stdout()))
        running.kill("SIGTERM")
        const { code, stdout, stderr } = await running.ended
        assert.strictEqual(stderr, "")
        assert.strictEqual(code, 0)
        assert.match(stdout, /^[\x20-\x7e\n]*$/)
        assert.match(stdout, /^This is a demo on this machine alone[^]*fairlead run --config FILE/)
        assert.match(stdout, /Stopped early: \d+ s/)
        assert.include(stdout, "verified;")
      }),
    60_000
  )

  it("refuses a duration that is not from 5s to 10m", async () => {
    for (const duration of ["1s", "11m", "soon"]) {
      const { code, stderr } = await command(["demo", "--duration", duration])
      assert.strictEqual(code, 2)
      assert.include(stderr, `--duration ${duration}: expected a duration from 5s to 10m`)
    }
  })
})
