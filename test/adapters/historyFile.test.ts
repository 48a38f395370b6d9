/** The history file: saving and loading, damaged files, failing disks, and a second process. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import * as Layer from "effect/Layer"
import * as Context from "effect/Context"
import { spawn, spawnSync } from "node:child_process"
import * as fs from "node:fs"
import * as path from "node:path"
import process from "node:process"
import * as HistoryFile from "../../src/adapters/file/HistoryFile.ts"
import type { HistoryRecord } from "../../src/core/model/History.ts"
import { HistoryStore } from "../../src/shell/HistoryStore.ts"
import { unable } from "../support/able.ts"
import { here, inScratch, program } from "../support/command.ts"
import { until } from "../support/servers.ts"

const record = (i: number, changes: Partial<HistoryRecord> = {}): HistoryRecord => ({
  host: "site.example",
  port: 443,
  address: `198.18.${Math.floor(i / 250)}.${(i % 250) + 1}`,
  sources: ["dns"],
  latencyMs: i + 0.125,
  measuredMs: 1_790_000_000_000 - i,
  expiresMs: 1_790_086_400_000,
  network: "0123456789abcdef",
  ...changes
})
const records = (count: number) => Array.from({ length: count }, (_, i) => record(i))

/** Opens the file as a process does, while `use` runs. */
const opened = async <A>(
  file: string,
  use: (store: HistoryStore["Service"]) => Promise<A>,
  limits: { readonly maxEntries?: number; readonly maxBytes?: number } = {}
): Promise<A> => {
  const scope = Scope.makeUnsafe()
  const layer = HistoryFile.layer({ path: file, maxEntries: 1_024, maxBytes: 1 << 20, timeoutMs: 5_000, ...limits })
  const context = await Effect.runPromise(Layer.buildWithScope(layer, scope))
  try {
    return await use(Context.get(context, HistoryStore))
  } finally {
    await Effect.runPromise(Scope.close(scope, Exit.void))
  }
}
const load = (store: HistoryStore["Service"]) => Effect.runPromise(store.load)
const save = (store: HistoryStore["Service"], all: ReadonlyArray<HistoryRecord>) => Effect.runPromise(store.save(all))
const failure = (effect: Effect.Effect<unknown, { readonly what: string; readonly message: string }>) =>
  Effect.runPromise(Effect.flip(effect))

const inFile = <A>(use: (file: string, directory: string) => Promise<A>) =>
  inScratch((directory) => use(path.join(directory, "state", "history.json"), path.join(directory, "state")))
const written = async (file: string, all: ReadonlyArray<HistoryRecord> = records(3)) => {
  await opened(file, (store) => save(store, all))
}
const aside = (directory: string) => fs.readdirSync(directory).filter((name) => name.includes("damaged")).toSorted()

describe("the history file", () => {
  it("loads what was saved, in a directory that it created, for the owner alone", () =>
    inFile(async (file, directory) => {
      await written(file)
      const found = await opened(file, load)
      assert.deepStrictEqual(found, { records: records(3), dropped: 0, problem: null })
      assert.deepStrictEqual(fs.readdirSync(directory), ["history.json", "history.json.lock.db"])
      if (process.platform === "win32") return
      assert.strictEqual(fs.statSync(file).mode & 0o777, 0o600)
      assert.strictEqual(fs.statSync(directory).mode & 0o777, 0o700)
    }))

  it("loads as empty when it does not exist", () =>
    inFile(async (file) => {
      assert.deepStrictEqual(await opened(file, load), { records: [], dropped: 0, problem: null })
    }))

  it("keeps the latest records within maxBytes, and loads at most maxEntries", () =>
    inFile(async (file) => {
      await opened(file, (store) => save(store, records(200)), { maxBytes: 4_096 })
      const { size } = fs.statSync(file)
      assert.isAtMost(size, 4_096)
      assert.isAtLeast(size, 3_000)
      const { records: found } = await opened(file, load, { maxBytes: 4_096 })
      assert.deepStrictEqual(found, records(found.length))
      assert.deepStrictEqual((await opened(file, load, { maxEntries: 5 })).records, records(5))
    }))

  const damages: ReadonlyArray<readonly [string, (text: string) => string | Uint8Array, RegExp]> = [
    ["cut", (text) => text.slice(0, text.length / 2), /not JSON, or it was cut/],
    ["empty", () => "", /not JSON, or it was cut/],
    [
      "full of random bytes",
      () => Uint8Array.from({ length: 5_000 }, (_, i) => (i * 7_919) % 256),
      /not JSON, or it was cut/
    ],
    ["full of brackets", () => "[".repeat(500_000), /not JSON, or it was cut/],
    ["of a future version", (text) => text.replace('"version":1', '"version":2'), /version is 2, this program knows 1/],
    ["a JSON string", () => '"version"', /version is undefined/],
    ["JSON null", () => "null", /not JSON, or it was cut/],
    ["without records", () => '{"version":1,"records":{"0":1}}', /no list of records/],
    ["larger than maxBytes", (text) => text + " ".repeat(1 << 20), /history\.maxBytes allows 1048576/]
  ]
  it.each(damages)(
    "that is %s is moved aside, reported and replaced by a new one",
    (_what, damage, why) =>
      inFile(async (file, directory) => {
        await written(file)
        const damaged = damage(fs.readFileSync(file, "utf8"))
        fs.writeFileSync(file, damaged)
        await opened(file, async (store) => {
          const { records: found, problem } = await load(store)
          assert.deepStrictEqual(found, [])
          assert.strictEqual(problem?.what, "damaged")
          assert.match(problem?.message ?? "", why)
          assert.include(problem?.message, "history.json.damaged-1")
          assert.deepStrictEqual(aside(directory), ["history.json.damaged-1"])
          await save(store, records(2))
        })
        assert.deepStrictEqual(
          fs.readFileSync(path.join(directory, "history.json.damaged-1")).toString(),
          Buffer.from(damaged).toString()
        )
        assert.deepStrictEqual((await opened(file, load)).records, records(2))
      })
  )

  it("moves at most four damaged files aside, and then replaces the oldest", () =>
    inFile(async (file, directory) => {
      for (let i = 0; i < 7; i++) {
        fs.mkdirSync(directory, { recursive: true })
        fs.writeFileSync(file, `rubbish ${i}`)
        await opened(file, load)
        // Files written at the same moment may have the same mtime.
        const last = aside(directory).find((name) => fs.readFileSync(path.join(directory, name), "utf8") === `rubbish ${i}`)
        fs.utimesSync(path.join(directory, last as string), i + 1, i + 1)
      }
      const texts = aside(directory).map((name) => fs.readFileSync(path.join(directory, name), "utf8"))
      assert.deepStrictEqual(texts.toSorted(), ["rubbish 3", "rubbish 4", "rubbish 5", "rubbish 6"])
    }))

  it("omits invalid records and loads the others", () =>
    inFile(async (file, directory) => {
      const bad = [
        { ...record(1), address: "site.example" },
        { ...record(1), address: "198.18.0.999" },
        { ...record(1), port: 0 },
        { ...record(1), latencyMs: -1 },
        { ...record(1), latencyMs: null },
        { ...record(1), measuredMs: 1.5 },
        { ...record(1), host: "x".repeat(300) },
        { ...record(1), sources: ["nowhere"] },
        null,
        7
      ]
      fs.mkdirSync(directory)
      fs.writeFileSync(file, JSON.stringify({ version: 1, records: [record(0), ...bad, record(2)], more: 1 }))
      const found = await opened(file, load)
      assert.deepStrictEqual(found, { records: [record(0), record(2)], dropped: bad.length, problem: null })
    }))

  it("that is a directory or a pipe is reported as unreadable at once", () =>
    inFile(async (file, directory) => {
      fs.mkdirSync(file, { recursive: true })
      const error = await opened(file, ({ load }) => failure(load))
      assert.deepInclude(error, { what: "unreadable" })
      assert.include(error.message, "not a regular file")
      if (process.platform === "win32") return
      fs.rmdirSync(file)
      spawnSync("mkfifo", [file])
      assert.deepInclude(await opened(file, ({ load }) => failure(load)), { what: "unreadable" })
      assert.deepStrictEqual(aside(directory), [])
    }))

  it(
    "loads after its writer was killed, as it is replaced whole or not at all",
    () =>
      inFile(async (file, directory) => {
        await written(file, records(1))
        const writer = path.resolve("test/support/historyWriter.ts")
        const args = here === "deno" ? ["run", "-A", writer, file] : [writer, file]
        for (let i = 0; i < 4; i++) {
          const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] })
          let said = ""
          child.stdout.setEncoding("utf8").on("data", (text) => (said += text))
          await until("it writes", () => said.length > 20 + i * 7, 20_000)
          const gone = new Promise((resolve) => child.once("close", resolve))
          process.kill(child.pid as number, "SIGKILL")
          await gone
          const { records: found, dropped, problem } = await opened(file, load)
          assert.deepStrictEqual([dropped, problem], [0, null])
          assert.isAtLeast(found.length, 900)
        }
        await written(file, records(2))
        assert.deepStrictEqual(fs.readdirSync(directory), ["history.json", "history.json.lock.db"])
      }),
    60_000
  )

  it("that another process owns is read, reported as owned and never changed", () =>
    inFile(async (file, directory) => {
      await written(file)
      const other = program("lockHolder.ts", [`${file}.lock`])
      await until("another process holds it", () => other.stdout().includes("mine"), 20_000)
      const before = fs.readFileSync(file, "utf8")
      await opened(file, async (store) => {
        const { records: found, problem } = await load(store)
        assert.deepStrictEqual(found, records(3))
        assert.strictEqual(problem?.what, "owned")
        assert.include(problem?.message, `process ${other.pid}`)
        await save(store, records(1))
      })
      assert.strictEqual(fs.readFileSync(file, "utf8"), before)
      fs.writeFileSync(file, "rubbish")
      assert.strictEqual((await opened(file, load)).problem?.what, "damaged")
      assert.deepStrictEqual(aside(directory), [])
      assert.isTrue(fs.existsSync(`${file}.lock`))
      other.kill("SIGKILL")
      await other.ended
      await written(file, records(1))
      assert.deepStrictEqual((await opened(file, load)).records, records(1))
    }))

  it("on a full disk stays unchanged, and is written once there is room", (context) =>
    inScratch(async (disk) => {
      if (process.platform !== "linux") return context.skip("mounts are made otherwise here")
      if (spawnSync("mount", ["-t", "tmpfs", "-o", "size=64k,mode=700", "tmpfs", disk]).status !== 0) {
        return unable(context, "disks", "no small disk can be mounted here")
      }
      try {
        const [file, filler] = [path.join(disk, "history.json"), path.join(disk, "filler")]
        await opened(file, async (store) => {
          await load(store)
          await save(store, records(20))
          const before = fs.readFileSync(file, "utf8")
          assert.throws(() => fs.writeFileSync(filler, new Uint8Array(1 << 20)), /ENOSPC/)
          const error = await failure(store.save(records(200)))
          assert.deepInclude(error, { what: "unwritable" })
          assert.include(error.message, "ENOSPC")
          assert.strictEqual(fs.readFileSync(file, "utf8"), before)
          fs.rmSync(filler)
          await save(store, records(200))
        })
        assert.strictEqual((await opened(file, load)).records.length, 200)
      } finally {
        spawnSync("umount", ["-l", disk])
      }
    }))

  it("on a read-only disk is read, and is written once the disk is writable", (context) =>
    inScratch(async (disk) => {
      if (process.platform !== "linux") return context.skip("mounts are made otherwise here")
      if (spawnSync("mount", ["-t", "tmpfs", "-o", "size=1m,mode=700", "tmpfs", disk]).status !== 0) {
        return unable(context, "disks", "nothing can be mounted here")
      }
      try {
        const file = path.join(disk, "history.json")
        await written(file)
        spawnSync("mount", ["-o", "remount,ro", disk])
        await opened(file, async (store) => {
          assert.deepStrictEqual((await load(store)).records, records(3))
          assert.deepInclude(await failure(store.save(records(1))), { what: "unwritable" })
          spawnSync("mount", ["-o", "remount,rw", disk])
          await save(store, records(1))
        })
        assert.deepStrictEqual((await opened(file, load)).records, records(1))
      } finally {
        spawnSync("umount", ["-l", disk])
      }
    }))
})
