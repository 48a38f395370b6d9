/** A file compressed piece by piece. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { Buffer } from "node:buffer"
import { randomBytes } from "node:crypto"
import * as fs from "node:fs"
import * as path from "node:path"
import process from "node:process"
import { gunzipSync } from "node:zlib"
import { Disk } from "../../src/adapters/file/Disk.ts"
import { gzip } from "../../src/adapters/file/gzip.ts"
import { inScratch } from "../support/command.ts"

/** Around the size of one read, and several reads. */
const SIZES = [0, 1, 65_535, 65_536, 65_537, 1_000_000]
const CONTENTS = { "random bytes": randomBytes, "one byte repeated": (size: number) => Buffer.alloc(size, "a") }

const inFile = (use: (file: string) => Promise<void>) =>
  Effect.promise(() => inScratch((directory) => use(path.join(directory, "file"))))

const failureOf = (run: Promise<unknown>): Promise<unknown> => run.then(() => undefined, (cause) => cause)

/** Whether this process has the file open. */
const isOpen = (file: string): boolean =>
  fs.readdirSync("/proc/self/fd").some((fd) => {
    try {
      return fs.readlinkSync(`/proc/self/fd/${fd}`) === file
    } catch {
      return false
    }
  })

const late = new Error("no answer within the time limit")

/** Its first answer comes too late. */
class LateDisk extends Disk {
  #calls = 0
  override within<A>(call: () => Promise<A>): Promise<A> {
    const answer = super.within(call)
    return this.#calls++ === 0 ? answer.then(() => Promise.reject(late)) : answer
  }
}

describe("a file that is compressed piece by piece", () => {
  for (const [name, content] of Object.entries(CONTENTS)) {
    it.live(`unpacks to the same content: ${name}, ${SIZES.join(", ")} of them`, () =>
      inFile(async (file) => {
        for (const size of SIZES) {
          const bytes = content(size)
          fs.writeFileSync(file, bytes)
          const pieces: Array<Buffer> = []
          await gzip(file, new Disk(5_000), (packed) => Promise.resolve(void pieces.push(packed)))
          assert.isTrue(gunzipSync(Buffer.concat(pieces)).equals(bytes), `${size}`)
        }
      }))
  }

  it.live("gives no piece before the one before it is taken, and none after one could not be", () =>
    inFile(async (file) => {
      fs.writeFileSync(file, randomBytes(1_000_000))
      let taking = 0
      let pieces = 0
      const full = new Error("the disk is full")
      const failure = await failureOf(gzip(file, new Disk(5_000), async () => {
        assert.strictEqual(taking++, 0)
        await new Promise((resolve) => setImmediate(resolve))
        taking--
        if (++pieces === 3) throw full
      }))
      assert.strictEqual(failure, full)
      assert.strictEqual(pieces, 3)
      if (process.platform === "linux") assert.isFalse(isOpen(file))
    }))

  it.live("gives nothing of a file that is not there", () =>
    inFile(async (file) => {
      const failure = await failureOf(gzip(file, new Disk(5_000), () => Promise.reject(new Error("a piece of nothing"))))
      assert.strictEqual((failure as NodeJS.ErrnoException).code, "ENOENT")
    }))

  it.live("is closed where the disk opens it only after the time limit", () =>
    inFile(async (file) => {
      fs.writeFileSync(file, "a")
      const failure = await failureOf(gzip(file, new LateDisk(5_000), () => Promise.resolve()))
      assert.strictEqual(failure, late)
      if (process.platform === "linux") assert.isFalse(isOpen(file))
    }))
})
