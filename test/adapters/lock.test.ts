/** A lock has one holder at a time, whatever the ids of processes, and however the holder ends. */
import { assert, describe, it } from "vitest"
import * as Effect from "effect/Effect"
import { spawn, spawnSync } from "node:child_process"
import * as fs from "node:fs"
import * as path from "node:path"
import process from "node:process"
import { Disk } from "../../src/adapters/file/Disk.ts"
import type { Lock, Taken } from "../../src/adapters/file/lock.ts"
import { isTaken, take } from "../../src/adapters/file/lock.ts"
import { lockDirectory } from "../../src/adapters/file/location.ts"
import { unable } from "../support/able.ts"
import type { Running } from "../support/command.ts"
import { binaryOf, here, inScratch, other, program, ROOT } from "../support/command.ts"
import { until } from "../support/servers.ts"

const TIMEOUT_MS = 60_000
const disk = new Disk(10_000)
const said = async (one: Running) => {
  await until("it says what it got", () => one.stdout().includes("\n"), 30_000)
  return one.stdout().trim()
}
const killed = async (one: Running) => {
  one.kill("SIGKILL")
  await one.ended
}
const inDirectory = (use: (name: string) => Promise<void>) =>
  inScratch((directory) => use(path.join(directory, "deep", "lock")))
const ownerOf = (one: Lock | Taken) => isTaken(one) ? one.owner : "nobody"

describe("a lock", () => {
  it(
    "is held by one process, names it to the next, and is free as soon as the holder was killed",
    () =>
      inDirectory(async (name) => {
        const holder = program("lockHolder.ts", [name])
        assert.strictEqual(await said(holder), `mine ${holder.pid}`)
        assert.strictEqual(ownerOf(await take(name, disk)), holder.pid)
        await killed(holder)
        const mine = await take(name, disk)
        if (isTaken(mine)) throw new Error("a dead process holds it")
        await mine.release()
        assert.isFalse(fs.existsSync(name))
      }),
    TIMEOUT_MS
  )

  it("cannot be taken by a process on the other runtime", () =>
    inDirectory(async (name) => {
      const mine = await take(name, disk)
      assert.isFalse(isTaken(mine))
      const second = program("lockHolder.ts", [name], { runtime: other })
      assert.strictEqual(await said(second), `taken by ${process.pid}`)
      await second.ended
      if (!isTaken(mine)) await mine.release()
    }), TIMEOUT_MS)

  it("works in a directory with a path that is too long for a socket", () =>
    inScratch(async (directory) => {
      const name = path.join(directory, "d".repeat(120), "lock")
      const holder = program("lockHolder.ts", [name])
      await said(holder)
      assert.strictEqual(ownerOf(await take(name, disk)), holder.pid)
      await killed(holder)
      const mine = await take(name, disk)
      if (isTaken(mine)) throw new Error("a dead process holds it")
      await mine.release()
      assert.deepStrictEqual(fs.readdirSync(path.dirname(name)), ["lock.db"])
    }), TIMEOUT_MS)

  it("cannot be taken twice by the same process", () =>
    inDirectory(async (name) => {
      const mine = await take(name, disk)
      assert.strictEqual(ownerOf(await take(name, disk)), process.pid)
      if (!isTaken(mine)) await mine.release()
      const again = await take(name, disk)
      assert.isFalse(isTaken(again))
      if (!isTaken(again)) await again.release()
    }))

  it.each(["", "no number", "999999999", String(process.pid)])(
    "ignores a file of its name that gives %j as its holder",
    (text) =>
      inDirectory(async (name) => {
        const holder = program("lockHolder.ts", [name])
        await said(holder)
        fs.writeFileSync(name, text)
        assert.isTrue(isTaken(await take(name, disk)))
        assert.isTrue(fs.existsSync(name))
        await killed(holder)
        const heir = await take(name, disk)
        if (isTaken(heir)) throw new Error("a dead process holds it")
        await heir.release()
      }),
    TIMEOUT_MS
  )

  it("has one holder when five processes take it at once", () =>
    inDirectory(async (name) => {
      for (let round = 0; round < 3; round++) {
        const all = Array.from({ length: 5 }, () => program("lockHolder.ts", [name]))
        const got = await Promise.all(all.map(said))
        assert.strictEqual(got.filter((text) => text.startsWith("mine")).length, 1, got.join("; "))
        await Promise.all(all.map((one) => one.stdout().startsWith("mine") ? killed(one) : one.ended))
      }
    }), TIMEOUT_MS)

  it("has one holder among processes with the same id in two pid namespaces", (context) =>
    inDirectory(async (name) => {
      const inside = ["--pid", "--fork", "--mount-proc", "--kill-child"]
      if (spawnSync("unshare", [...inside, "true"]).status !== 0) {
        return unable(context, "namespaces", "unshare makes no pid namespace here")
      }
      const runtime = here === "deno" ? [binaryOf("deno"), "run", "-A"] : [binaryOf("node")]
      const args = [...inside, ...runtime, path.join(ROOT, "test/support/lockHolder.ts"), name]
      const begun = () => {
        const child = spawn("unshare", args, { stdio: ["ignore", "pipe", "inherit"] })
        let text = ""
        child.stdout.setEncoding("utf8").on("data", (more) => (text += more))
        const ended = new Promise((resolve) => child.once("close", resolve))
        return { pid: child.pid as number, text: () => text, ended }
      }
      const first = begun()
      await until("the first says what it got", () => first.text() !== "", 30_000)
      const second = begun()
      await until("the second says what it got", () => second.text() !== "", 30_000)
      assert.deepStrictEqual([first.text(), second.text()], ["mine 1\n", "taken by 1\n"])
      await second.ended
      process.kill(first.pid, "SIGKILL")
      await first.ended
      const heir = begun()
      await until("the heir says what it got", () => heir.text() !== "", 30_000)
      assert.strictEqual(heir.text(), "mine 1\n")
      process.kill(heir.pid, "SIGKILL")
      await heir.ended
    }), TIMEOUT_MS)
})

describe("a locked directory", () => {
  it("goes to its first holder, and each later one gets a directory of its own inside", () =>
    inScratch(async (directory) => {
      const places = await Effect.runPromise(Effect.scoped(Effect.gen(function* () {
        return [
          yield* lockDirectory(directory, "a", disk),
          yield* lockDirectory(directory, "b", disk),
          yield* lockDirectory(directory, "c", disk)
        ]
      })))
      assert.deepStrictEqual(places[0], { directory, holder: undefined })
      assert.deepStrictEqual(places[1], { directory: path.join(directory, "guest-b"), holder: { owner: process.pid } })
      assert.deepStrictEqual(places[2]?.directory, path.join(directory, "guest-c"))
      const heir = await Effect.runPromise(Effect.scoped(lockDirectory(directory, "d", disk)))
      assert.deepStrictEqual(heir, { directory, holder: undefined })
    }))

  it.skipIf(process.platform !== "linux")(
    "that cannot be created is refused at once",
    () =>
      Effect.runPromise(Effect.gen(function* () {
        const refusal = yield* Effect.flip(Effect.scoped(lockDirectory("/proc/fairlead", "a", disk)))
        assert.strictEqual((refusal as NodeJS.ErrnoException).code, "ENOENT")
      }))
  )
})
