/** `fairlead replay` on records made by the program itself, read from disk only. */
import { assert, beforeAll, describe, it } from "vitest"
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import process from "node:process"
import { afterAll } from "vitest"
import { command, here, inScratch, other, portOf, start, writeConfig } from "../support/command.ts"
import { ask, named, until } from "../support/servers.ts"

const KILLS = process.env["FAIRLEAD_DEEP"] === "1" ? 50 : 6

/** Runs the service with some clients, while one candidate dies, and stops it with a signal. */
async function record(directory: string, signal: NodeJS.Signals, clients: number, killAfterMs = 0): Promise<string> {
  const good = await named("good")
  const frail = await named("frail")
  const log = path.join(directory, "log")
  const running = start(["run", "--config", writeConfig(directory, { candidates: [frail.port, good.port], log })])
  await until("it listens", () => portOf(running) !== undefined)
  const port = portOf(running) as number
  const killAtMs = performance.now() + killAfterMs
  for (let i = 0; i < clients && (signal !== "SIGKILL" || performance.now() < killAtMs); i++) {
    if (i === 10) await frail.stop()
    await ask(port).catch(() => "")
  }
  if (clients < 10) await frail.stop()
  running.kill(signal)
  const { code } = await running.ended
  await good.stop()
  assert.strictEqual(code, signal === "SIGKILL" ? null : 0)
  return log
}

const segmentIn = (log: string) => path.join(log, "00000001.ndjson")

describe("fairlead replay", () => {
  let scratch = ""
  let log = ""
  beforeAll(async () => {
    scratch = fs.mkdtempSync(path.join(os.tmpdir(), "fairlead-replay-"))
    log = await record(scratch, "SIGTERM", 30)
  })
  afterAll(() => fs.rmSync(scratch, { recursive: true, force: true }))

  it(`verifies on ${other} what was recorded on ${here}, with the same bytes of JSON as on ${here}`, async () => {
    const there = await command(["replay", "--json", log], { runtime: other })
    const same = await command(["replay", "--json", log])
    assert.strictEqual(there.code, 0, there.stderr)
    assert.strictEqual(there.stdout, same.stdout)
    const verdict = JSON.parse(there.stdout)
    assert.deepInclude(verdict, { outcome: "verified", problem: null })
    assert.strictEqual(verdict.choices.checked, 30)
    assert.isAtLeast(verdict.moves.length, 2)
    assert.notInclude(there.stdout, scratch)
  })

  /** Replays a copy of the record whose lines were changed. */
  const replayChanged = (change: (lines: Array<string>) => ReadonlyArray<string>) =>
    inScratch(async (directory) => {
      const lines = fs.readFileSync(segmentIn(log), "utf8").split("\n")
      fs.writeFileSync(segmentIn(directory), change(lines).join("\n"))
      return await command(["replay", directory])
    })
  /** Line 0 is the header of a state without upstreams yet, so entry n is in line n + 1. */
  const lineOf = (seq: number) => seq + 1

  it("exits 3 and names the entry when one byte of it was changed", async () => {
    const { code, stdout } = await replayChanged((lines) =>
      lines.with(lineOf(7), (lines[lineOf(7)] as string).replace('"worker":0', '"worker":1'))
    )
    assert.strictEqual(code, 3)
    assert.include(stdout, "at entry 7 in segment 1")
  })

  it("exits 3 and names the entry when a line was dropped", async () => {
    const { code, stdout } = await replayChanged((lines) => lines.toSpliced(lineOf(9), 1))
    assert.strictEqual(code, 3)
    assert.include(stdout, "at entry 9 in segment 1")
  })

  it("exits 3 and names the entry when two lines were swapped", async () => {
    const { code, stdout } = await replayChanged((lines) =>
      lines.with(lineOf(4), lines[lineOf(5)] as string).with(lineOf(5), lines[lineOf(4)] as string)
    )
    assert.strictEqual(code, 3)
    assert.include(stdout, "at entry 4 in segment 1")
  })

  it("cuts off a torn last line, as after a crash, and exits 0", async () => {
    const { code, stdout } = await replayChanged((lines) => [...lines.slice(0, 20), (lines[20] as string).slice(0, 30)])
    assert.strictEqual(code, 0)
    assert.include(stdout, "crash, torn line of 30 characters cut off")
  })

  it("exits 4 for a record of another model version", async () => {
    const { code } = await replayChanged((lines) => lines)
    assert.strictEqual(code, 0)
    const { link } = await import("../../src/record/codec.ts")
    const { chainStart } = await import("../../src/record/write.ts")
    await inScratch(async (directory) => {
      const header = (fs.readFileSync(segmentIn(log), "utf8").split("\n")[0] as string).replace(/"model":\d+/, '"model":999')
      const relinked = link(chainStart(1), header.slice(0, header.lastIndexOf(',"chain"'))).text
      fs.writeFileSync(segmentIn(directory), relinked)
      const { code, stdout } = await command(["replay", directory])
      assert.strictEqual(code, 4)
      assert.include(stdout, "another version")
    })
  })

  it("exits 2 when there is nothing to replay, and 1 when it cannot be read", async () => {
    await inScratch(async (directory) => assert.strictEqual((await command(["replay", directory])).code, 2))
    assert.strictEqual((await command(["replay", "/nonexistent/record"])).code, 1)
    assert.strictEqual((await command(["replay"])).code, 2)
  })

  it(
    `verifies the records of ${KILLS} processes that were killed at random moments`,
    { timeout: KILLS * 10_000 },
    async () => {
      let torn = 0
      let entries = 0
      for (let i = 0; i < KILLS; i++) {
        await inScratch(async (directory) => {
          const killed = await record(directory, "SIGKILL", 10_000, Math.random() * 400)
          const { code, stdout, stderr } = await command(["replay", "--json", killed])
          assert.strictEqual(code, 0, stdout + stderr)
          const verdict = JSON.parse(stdout)
          entries += verdict.entries
          if (verdict.segments.some((segment: { tornChars: number }) => segment.tornChars > 0)) torn++
        })
      }
      assert.isAbove(entries, 0)
      console.log(`${KILLS} killed records verified, ${entries} entries, ${torn} with a torn tail`)
    }
  )
})
