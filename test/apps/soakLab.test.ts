/** The soak in the lab: packets travel between two network namespaces, and an address that is dark answers none. */
import { assert, describe, it } from "vitest"
import * as fs from "node:fs"
import * as path from "node:path"
import { whyNoLab } from "../../src/adapters/soak/labNetwork.ts"
import type { Report } from "../../src/apps/soak/Report.ts"
import { command, inScratch, start } from "../support/command.ts"
import { unable } from "../support/able.ts"
import { until } from "../support/servers.ts"

const missing = whyNoLab()
const SIDES = "/run/netns"
/** The least distance of any address of the soak. */
const LEAST_RTT_MS = 15

const sidesOf = (pid: number) =>
  (fs.existsSync(SIDES) ? fs.readdirSync(SIDES) : []).filter((name) => name.startsWith(`fairlead${pid}-`))

describe("fairlead soak --lab", () => {
  it(
    "serves over a network with real round trips, ends early on SIGTERM, goes on with --resume, and leaves no namespace",
    async (context) => {
      if (missing !== undefined) return unable(context, "namespaces", missing)
      await inScratch(async (directory) => {
        const env = { env: { TMPDIR: directory, TEMP: directory } }
        const into = path.join(directory, "report")
        const written = () => JSON.parse(fs.readFileSync(path.join(into, "report.json"), "utf8")) as Report
        const running = start(["soak", "--lab", "--duration", "8s", "--rate", "30", "--report", into], env)
        await until("the first fault was told", () => /^00:\d\d {2}\S/m.test(running.stdout()))
        assert.lengthOf(sidesOf(running.pid), 2)
        running.kill("SIGTERM")
        const { code, stdout } = await running.ended
        assert.include([3, 4], code)
        assert.match(stdout, /Ended early: \d+ s, seed 1, in the lab/)
        assert.include(stdout, `soak --resume ${into} --lab`)
        assert.isFalse(written().complete)
        assert.isEmpty(sidesOf(running.pid))

        const without = await command(["soak", "--resume", into], env)
        assert.strictEqual(without.code, 2)
        assert.match(without.stderr, /it ran with --lab: name it again/)

        await command(["soak", "--resume", into, "--lab", "--json"], env)
        const { complete, network, fairlead, faults, records } = written()
        assert.isTrue(complete)
        assert.strictEqual(network, "lab")
        assert.isAbove(fairlead.served, 150)
        assert.strictEqual(fairlead.corrupted, 0)
        assert.isAtLeast(fairlead.p50Ms ?? 0, LEAST_RTT_MS)
        assert.strictEqual(faults.length, 11)
        assert.deepStrictEqual(records.map(({ outcome }) => outcome), Array(4).fill("verified"))
      })
    },
    90_000
  )
})
