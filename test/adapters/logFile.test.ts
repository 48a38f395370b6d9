/** Log lines on a real disk: appended, for the owner alone, to the file that now has the name, without blocking. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as fs from "node:fs"
import * as path from "node:path"
import type { LogOptions } from "../../src/adapters/logging/Log.ts"
import * as Log from "../../src/adapters/logging/Log.ts"
import { LineWriter } from "../../src/adapters/logging/LineWriter.ts"
import { withoutSecrets } from "../../src/adapters/logging/withoutSecrets.ts"
import { LogThreshold } from "../../src/apps/LogThreshold.ts"
import { inScratch } from "../support/command.ts"
import { until } from "../support/servers.ts"

type Level = "debug" | "info" | "warn" | "error"

const read = (file: string) => fs.existsSync(file) ? fs.readFileSync(file, "utf8") : ""

function writerTo(target: string, buffer = 65_536) {
  const failures: Array<string> = []
  const options = {
    target,
    buffer,
    timeoutMs: 5_000,
    onFailure: (told: string) => void failures.push(told),
    lostLine: (n: number) => `lost ${n}`
  }
  return { writer: new LineWriter(options), failures }
}

/** The text of the log file after `use` has run. */
const logged = (
  { level = "info", ...options }: Partial<LogOptions> & { readonly level?: Level },
  use: Effect.Effect<void>
) =>
  Effect.promise(() =>
    inScratch(async (directory) => {
      const output = path.join(directory, "fairlead.log")
      const all = {
        threshold: new LogThreshold(level),
        format: "text",
        buffer: 65_536,
        timeout: 5_000,
        secrets: [],
        output,
        ...options
      } as const
      await Effect.runPromise(Effect.provide(use, Log.layer(all)))
      return read(output)
    })
  )

describe("the log's file", () => {
  it("is appended to, and only its owner may read it", () =>
    inScratch(async (directory) => {
      const file = path.join(directory, "log")
      for (const line of ["one", "two"]) {
        const { writer } = writerTo(file)
        writer.take(line)
        await writer.close(1_000)
      }
      assert.strictEqual(read(file), "one\ntwo\n")
      assert.strictEqual(fs.statSync(file).mode & 0o777, 0o600)
    }))

  it("is created again by the next line after it was moved or removed", () =>
    inScratch(async (directory) => {
      const file = path.join(directory, "log")
      const { writer } = writerTo(file)
      for (const line of ["one", "two", "three"]) {
        writer.take(line)
        await writer.flush(5_000)
        if (line === "one") fs.renameSync(file, `${file}.1`)
        if (line === "two") fs.rmSync(file)
      }
      await writer.close(1_000)
      assert.deepStrictEqual([read(`${file}.1`), read(file)], ["one\n", "three\n"])
    }))

  it("is created again at once by `reopen` after it was moved", () =>
    inScratch(async (directory) => {
      const file = path.join(directory, "log")
      const { writer } = writerTo(file)
      writer.take("one")
      await writer.flush(5_000)
      fs.renameSync(file, `${file}.1`)
      writer.reopen()
      await until("it is there again", () => fs.existsSync(file))
      await writer.close(1_000)
    }))

  it("that cannot be written is reported once, and is written as soon as it can be", () =>
    inScratch(async (directory) => {
      const folder = path.join(directory, "later")
      const file = path.join(folder, "log")
      const { writer, failures } = writerTo(file)
      for (const line of ["one", "two"]) {
        writer.take(line)
        await writer.flush(5_000)
      }
      assert.lengthOf(failures, 1)
      assert.match(failures[0] as string, /cannot write: ENOENT/)
      fs.mkdirSync(folder)
      await until("it goes on", () => read(file).includes("two"))
      await writer.close(1_000)
      assert.lengthOf(failures, 1)
    }))

  it("drops lines beyond its buffer, and says how many", () =>
    inScratch(async (directory) => {
      const file = path.join(directory, "log")
      const { writer } = writerTo(file, 100)
      for (let i = 0; i < 50; i++) writer.take(`line ${i}`)
      await writer.close(5_000)
      const lines = read(file).trimEnd().split("\n")
      const told = Number(/^lost (\d+)$/.exec(lines.at(-1) ?? "")?.[1])
      assert.strictEqual(told + lines.length - 1, 50)
      assert.isAbove(told, 30)
    }))
})

describe("log lines", () => {
  const one = Effect.annotateLogs(Effect.logWarning("breaker opened"), { candidate: "web#1", forMs: 3 })

  it.live("are logfmt, or one JSON object each", () =>
    Effect.gen(function* () {
      const text = yield* logged({}, one)
      assert.match(text, /^timestamp=\S+ level=WARN fiber=\S+ message="breaker opened" candidate=web#1 forMs=3\n$/)
      const json = JSON.parse(yield* logged({ format: "json" }, one))
      assert.hasAllKeys(json, ["ts", "level", "msg", "fields"])
      assert.deepInclude(json, { level: "warn", msg: "breaker opened", fields: { candidate: "web#1", forMs: 3 } })
      assert.isFalse(Number.isNaN(Date.parse(json.ts)))
    }))

  it.live("stay one line each, whatever newlines and escapes are in them", () =>
    Effect.gen(function* () {
      const nasty = Effect.annotateLogs(Effect.logInfo('a\nlevel=ERROR "b"\u001b[2J'), { key: "x\ny" })
      for (const format of ["text", "json"] as const) {
        const text = yield* logged({ format }, nasty)
        assert.strictEqual(text.trimEnd().split("\n").length, 1, text)
        assert.notInclude(text, "\u001b")
      }
    }))

  it.live("are those of the configured level and above", () =>
    Effect.gen(function* () {
      const all = Effect.all([Effect.logDebug("d"), Effect.logInfo("i"), Effect.logWarning("w"), Effect.logError("e")], {
        discard: true
      })
      const count = (level: Level) => Effect.map(logged({ level }, all), (text) => text.split("\n").length - 1)
      assert.deepStrictEqual(yield* Effect.all((["debug", "info", "warn", "error"] as const).map(count)), [4, 3, 2, 1])
    }))

  it.live("show no secret, from neither message nor annotations", () =>
    Effect.gen(function* () {
      const secrets = ["hunter22", 'quo"te\\d']
      const leaky = Effect.annotateLogs(Effect.logError(`bad hunter22 ${secrets[1]}`), { users: { a: secrets[1] } })
      for (const format of ["text", "json"] as const) {
        const text = yield* logged({ format, secrets }, leaky)
        assert.include(text, "***")
        for (const secret of [...secrets, JSON.stringify(secrets[1]).slice(1, -1)]) assert.notInclude(text, secret)
      }
    }))

  it("mask the longest secret first", () => {
    assert.strictEqual(withoutSecrets(["abcd", "abcdef"])("abcdef abcd"), "*** ***")
  })
})
