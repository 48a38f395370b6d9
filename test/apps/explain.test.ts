/** `fairlead explain` on a running service and on its record, and what it says when it cannot. */
import { assert, describe, it } from "vitest"
import * as fs from "node:fs"
import * as path from "node:path"
import { request } from "../support/admin.ts"
import { inScratch, portOf, start, writeConfig } from "../support/command.ts"
import { freePorts } from "../support/freePorts.ts"
import { inProcess } from "../support/inProcess.ts"
import { ask, named, until } from "../support/servers.ts"

interface Candidate {
  readonly id: string
  readonly rule: string
  readonly why: string
  readonly change: string
  readonly active: boolean
  readonly needs: ReadonlyArray<{ readonly kind: string }>
  readonly rests: ReadonlyArray<{ readonly kind: string; readonly seq: number; readonly what: string }>
}

const candidateIn = (json: string, id: string): Candidate =>
  JSON.parse(json).candidates.find((one: Candidate) => one.id === id)

describe("fairlead explain", () => {
  it(
    "names the breaker of a dead candidate and the entry that opened it, live and from the record",
    () =>
      inScratch(async (directory) => {
        const good = await named("good")
        const frail = await named("frail")
        const [admin = 0] = await freePorts(1)
        const web = `{ candidates: ["127.0.0.1:${good.port}", "127.0.0.1:${frail.port}"], breaker: { firstTrial: 5s } }`
        const more = `admin: { listen: "127.0.0.1:${admin}" }\nupstreams: { web: ${web} }`
        const log = path.join(directory, "log")
        const file = writeConfig(directory, { candidates: [], log, more })
        const running = start(["run", "--config", file])
        await until("it listens", () => portOf(running) !== undefined, 40_000)
        assert.include(["good", "frail"], await ask(portOf(running)!))
        const page = async () => (await request(admin, "/explain?upstream=web")).body
        await frail.stop()
        for (let tries = 0; tries < 600 && candidateIn(await page(), "web#2").rule !== "shut"; tries++) {
          await new Promise((resolve) => setTimeout(resolve, 20))
        }
        const { code, stdout, stderr } = await inProcess(["explain", "web", "--config", file, "--json"])
        assert.strictEqual(code, 0, stderr)
        const live = candidateIn(stdout, "web#2")
        assert.include(live, { rule: "shut", active: false })
        assert.strictEqual(live.needs[0]?.kind, "trial")
        const [opened] = live.rests
        assert.deepInclude(opened, { kind: "breaker", what: "opened: refused" })
        const text = await inProcess(["explain", "web", "--config", file])
        assert.match(text.stdout, /rests on: breaker opened: refused \(entry \d+\)/)
        assert.notInclude(text.stdout, "\x1b")
        assert.strictEqual((await inProcess(["explain", "webb", "--config", file])).code, 2)

        running.kill("SIGTERM")
        assert.strictEqual((await running.ended).code, 0)
        await good.stop()
        const seq = opened!.seq
        const then = await inProcess(["explain", "web", "--log", log, "--at", String(seq), "--json"])
        assert.strictEqual(then.code, 0, then.stderr)
        assert.deepInclude(candidateIn(then.stdout, "web#2").rests[0], { kind: "breaker", seq })
        const before = await inProcess(["explain", "web", "--config", file, "--at", String(seq - 1), "--json"])
        assert.notStrictEqual(candidateIn(before.stdout, "web#2").rule, "shut")
        assert.strictEqual((await inProcess(["explain", "web", "--config", file])).code, 1)

        const late = await inProcess(["explain", "web", "--log", log, "--at", "1000000"])
        assert.strictEqual(late.code, 2)
        assert.match(late.stderr, /the record in .* ends with entry \d+/)
        const unknown = await inProcess(["explain", "webb", "--log", log])
        assert.strictEqual(unknown.code, 2)
        assert.include(unknown.stderr, "there are web")
        const segment = path.join(log, "00000001.ndjson")
        fs.writeFileSync(segment, fs.readFileSync(segment, "utf8").replace('"_tag":"Started"', '"_tag":"Ticked" '))
        const altered = await inProcess(["explain", "web", "--log", log])
        assert.strictEqual(altered.code, 3)
        assert.include(altered.stderr, "altered")
      }),
    120_000
  )
})
