/** `run` and its history file: what one run leaves to the next. No state of the file or its disk stops the service. */
import { assert, describe, it } from "vitest"
import * as Effect from "effect/Effect"
import { spawnSync } from "node:child_process"
import * as fs from "node:fs"
import * as path from "node:path"
import process from "node:process"
import { needRestart } from "../../src/apps/config/changes.ts"
import { Fairlead } from "../../src/apps/embed/Fairlead.ts"
import { unable } from "../support/able.ts"
import { request } from "../support/admin.ts"
import type { Running } from "../support/command.ts"
import { command, inScratch, portOf, start, writeConfig } from "../support/command.ts"
import { ask, named, until } from "../support/servers.ts"
import { freePorts } from "../support/freePorts.ts"
import { seriesOf } from "../support/telemetry.ts"

interface File {
  readonly version: number
  readonly records: ReadonlyArray<Readonly<Record<"address" | "host" | "upstream", string>> & { readonly port: number }>
}

const historyIn = (file: string): File => JSON.parse(fs.readFileSync(file, "utf8"))
const listening = async (running: Running) => {
  await until("it listens", () => portOf(running) !== undefined, 20_000)
  return portOf(running) as number
}
const stopped = async (running: Running) => {
  running.kill("SIGTERM")
  const { code, stderr } = await running.ended
  assert.strictEqual(code, 0, stderr)
  return stderr
}
const times = (text: string, what: string) => text.split(what).length - 1

/** A service with one server, an admin port, and a history in `file` that is written every 20 ms. */
const withService = (
  use: (world: {
    readonly directory: string
    readonly file: string
    readonly port: number
    readonly started: (history?: string, also?: string) => Running
    readonly troubles: (what: string) => Promise<number>
  }) => Promise<void>,
  place: (directory: string) => string = (directory) => path.join(directory, "state", "history.json")
) =>
  inScratch(async (directory) => {
    const good = await named("good")
    const [admin = 0] = await freePorts(1)
    const file = place(directory)
    fs.mkdirSync(path.dirname(file), { recursive: true })
    const started = (history = JSON.stringify(file), also = "") => {
      const more = `${also}\nadmin: { listen: "127.0.0.1:${admin}" }\nhistory: { path: ${history}, flushInterval: 20ms }`
      return start(["run", "--config", writeConfig(directory, { candidates: [good.port], more })])
    }
    const troubles = async (what: string) =>
      seriesOf((await request(admin, "/metrics")).body).get(`fairlead_history_errors_total{what="${what}"}`) ?? -1
    try {
      await use({ directory, file, port: good.port, started, troubles })
    } finally {
      await good.stop()
    }
  })

describe("history", () => {
  it(
    "is used by the next process after a kill, and the record of both replays",
    () =>
      withService(async ({ directory, file, port, started, troubles }) => {
        const first = started()
        await listening(first)
        await until("it is written", () => fs.existsSync(file), 20_000)
        assert.deepInclude(historyIn(file).records[0], { address: "127.0.0.1", port, upstream: "web", host: "" })
        if (process.platform !== "win32") assert.strictEqual(fs.statSync(file).mode & 0o777, 0o600)
        first.kill("SIGKILL")
        await first.ended
        assert.strictEqual(historyIn(file).records.length, 1)
        const second = started()
        assert.strictEqual(await ask(await listening(second)), "good")
        assert.strictEqual(await troubles("damaged"), 0)
        assert.notInclude(await stopped(second), "history")
        const log = path.join(directory, "log")
        const segments = fs.readdirSync(log).filter((name) => name.startsWith("00000002"))
        assert.deepStrictEqual(segments, ["00000002.ndjson"])
        assert.include(fs.readFileSync(path.join(log, "00000002.ndjson"), "utf8"), '"_tag":"HistoryLoaded"')
        const { code, stdout } = await command(["replay", log])
        assert.strictEqual(code, 0, stdout)
        const copy = path.join(directory, "copy")
        const redacted = await command(["replay", log, "--redact", copy])
        assert.strictEqual(redacted.code, 0, redacted.stderr)
        assert.include(fs.readFileSync(path.join(copy, "00000002.ndjson"), "utf8"), '"_tag":"HistoryLoaded"')
        assert.notInclude(fs.readFileSync(path.join(copy, "00000002.ndjson"), "utf8"), "127.0.0.1")
      }),
    60_000
  )

  it(
    "is written within a second of the first selection, with the default interval",
    () =>
      inScratch(async (directory) => {
        const good = await named("good")
        const file = path.join(directory, "state", "history.json")
        const more = `history: { path: ${JSON.stringify(file)} }`
        const running = start(["run", "--config", writeConfig(directory, { candidates: [good.port], more })])
        await until("it selects", () => running.stderr().includes("fact=IpPoolSelection"), 20_000)
        await until("it is written", () => fs.existsSync(file), 1_000)
        running.kill("SIGKILL")
        await running.ended
        await good.stop()
        assert.deepInclude(historyIn(file).records[0], { address: "127.0.0.1", port: good.port })
      }),
    60_000
  )

  it(
    "is neither read nor written nor locked while Fairlead is off",
    () =>
      withService(async ({ directory, file, started }) => {
        fs.writeFileSync(file, "would be set aside if it were read")
        fs.chmodSync(file, 0o600)
        const running = started(`${JSON.stringify(file)}, firstWrite: 10ms`, "enabled: false")
        assert.strictEqual(await ask(await listening(running)), "good")
        // Much longer than a first write would take.
        await new Promise((resolve) => setTimeout(resolve, 200))
        assert.notInclude(await stopped(running), "history")
        assert.strictEqual(fs.readFileSync(file, "utf8"), "would be set aside if it were read")
        assert.deepStrictEqual(fs.readdirSync(path.join(directory, "state")), ["history.json"])
      }),
    60_000
  )

  it("takes new limits from a reload, but needs a restart for path, maxBytes and timeout", () => {
    const keys = ["history.path", "history.maxEntries", "history.maxBytes", "history.serveFor", "history.timeout"]
    assert.deepStrictEqual(needRestart(keys), ["history.path", "history.maxBytes", "history.timeout"])
  })

  it("with path none writes nothing", () =>
    withService(async ({ directory, file, started }) => {
      const running = started("none")
      assert.strictEqual(await ask(await listening(running)), "good")
      assert.notInclude(await stopped(running), "history")
      assert.isFalse(fs.existsSync(file))
      assert.notInclude(fs.readdirSync(directory), "none")
    }), 60_000)

  const damages: ReadonlyArray<readonly [string, string]> = [
    ["cut", '{"version":1,"records":[{"host":"","ups'],
    ["full of random text", "\u0000\ufffd rubbish ".repeat(99)],
    ["from a future version", '{"version":7,"records":[]}']
  ]
  it.each(damages)(
    "that is %s is moved aside and reported once, and clients are served",
    (_what, text) =>
      withService(async ({ file, started, troubles }) => {
        fs.writeFileSync(file, text)
        const running = started()
        assert.strictEqual(await ask(await listening(running)), "good")
        await until("a new one is there", () => fs.existsSync(file), 20_000)
        assert.strictEqual(await troubles("damaged"), 1)
        assert.strictEqual(times(await stopped(running), "cannot be used"), 1)
        assert.strictEqual(fs.readFileSync(`${file}.damaged-1`, "utf8"), text)
        assert.strictEqual(historyIn(file).records.length, 1)
      }),
    60_000
  )

  it(
    "on a full or read-only disk is reported once, and is written once it can be",
    (context) =>
      withService(async ({ file, started, troubles }) => {
        const disk = path.dirname(file)
        if (spawnSync("mount", ["-t", "tmpfs", "-o", "size=16k,mode=700", "tmpfs", disk]).status !== 0) {
          return unable(context, "disks", "no small disk can be mounted here")
        }
        try {
          const filler = path.join(disk, "filler")
          assert.throws(() => fs.writeFileSync(filler, new Uint8Array(1 << 16)), /ENOSPC/)
          const full = started()
          assert.strictEqual(await ask(await listening(full)), "good")
          const giveUp = performance.now() + 20_000
          while (await troubles("unwritable") < 3 && performance.now() < giveUp) await ask(portOf(full) as number)
          assert.isAtLeast(await troubles("unwritable"), 3)
          fs.rmSync(filler)
          await until("it is written", () => fs.existsSync(file), 20_000)
          const said = await stopped(full)
          assert.deepStrictEqual([times(said, "cannot be written"), times(said, "written again")], [1, 1])
          spawnSync("mount", ["-o", "remount,ro", disk])
          const readOnly = started()
          assert.strictEqual(await ask(await listening(readOnly)), "good")
          while (await troubles("unwritable") < 2 && performance.now() < giveUp) await ask(portOf(readOnly) as number)
          assert.match(await stopped(readOnly), /cannot be written: EROFS/)
          assert.strictEqual(historyIn(file).records.length, 1)
        } finally {
          spawnSync("umount", ["-l", disk])
        }
      }),
    60_000
  )

  it(
    "is written by one process; a second one reports that it does not write",
    () =>
      withService(async ({ directory, file, started, troubles }) => {
        const first = started()
        await listening(first)
        await until("it is written", () => fs.existsSync(file), 20_000)
        const other = path.join(directory, "other")
        fs.mkdirSync(other)
        const good = await named("good")
        const more = `history: { path: ${JSON.stringify(file)}, flushInterval: 20ms }`
        const second = start(["run", "--config", writeConfig(other, { candidates: [good.port], more })])
        assert.strictEqual(await ask(await listening(second)), "good")
        const said = await stopped(second)
        assert.strictEqual(times(said, `belongs to process ${first.pid}`), 1, said)
        assert.notInclude(historyIn(file).records.map(({ port }) => port), good.port)
        assert.strictEqual(await troubles("owned"), 0)
        await stopped(first)
        await good.stop()
      }),
    60_000
  )

  it("is written by an embedding program only when it gives a path", () =>
    inScratch(async (directory) => {
      const good = await named("good")
      const file = path.join(directory, "history.json")
      const upstreams = { web: { candidates: [`127.0.0.1:${good.port}`] } }
      const use = Effect.gen(function* () {
        const { connect, status } = yield* Fairlead
        const socket = yield* connect("web")
        socket.destroy()
        for (;;) {
          if ((yield* status).upstreams[0]?.candidates[0]?.latencyMs !== null) return
          yield* Effect.sleep(5)
        }
      })
      const run = (history?: { readonly path: string }) =>
        Effect.runPromise(Effect.scoped(
          Effect.provide(use, Fairlead.layer({ upstreams, ...(history === undefined ? {} : { history }) }))
        ))
      const before = process.env["XDG_STATE_HOME"]
      process.env["XDG_STATE_HOME"] = directory
      try {
        await run()
        assert.deepStrictEqual(fs.readdirSync(directory), [])
        await run({ path: file })
        assert.deepStrictEqual(fs.readdirSync(directory), ["history.json", "history.json.lock.db"])
      } finally {
        if (before === undefined) delete process.env["XDG_STATE_HOME"]
        else process.env["XDG_STATE_HOME"] = before
      }
      await good.stop()
    }), 60_000)
})
