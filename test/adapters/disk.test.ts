/** The time limit of a disk: when a call fails, and what happens to other calls meanwhile. */
import { assert, describe, it } from "vitest"
import { Disk, isWaiting, SilentDisk } from "../../src/adapters/file/Disk.ts"

describe("a disk", () => {
  it.each([50, 250])(
    "fails a call after %d ms, and all further calls until the disk has answered that one",
    async (withinMs) => {
      const disk = new Disk(withinMs)
      let answer = (_text: string) => {}
      const beganMs = performance.now()
      const first = await disk.within(() => new Promise<string>((resolve) => (answer = resolve))).catch((cause: unknown) =>
        cause
      )
      assert.isAtLeast(performance.now() - beganMs, withinMs - 1)
      assert.instanceOf(first, SilentDisk)
      assert.strictEqual((first as SilentDisk).code, `no answer from the disk within ${withinMs} ms`)
      assert.isTrue(isWaiting())
      let asked = false
      const second = await disk.within(() => Promise.resolve(asked = true)).catch((cause: unknown) => cause)
      assert.strictEqual((second as SilentDisk).code, "the disk still does not answer")
      assert.isFalse(asked)
      answer("late")
      await Promise.resolve()
      await new Promise((resolve) => setImmediate(resolve))
      assert.isFalse(isWaiting())
      assert.strictEqual(await disk.within(() => Promise.resolve("again")), "again")
    }
  )

  it("passes on the error of a failed call", async () => {
    const failed = await new Disk(1_000).within(() => Promise.reject(new Error("full"))).catch((cause: unknown) => cause)
    assert.strictEqual((failed as Error).message, "full")
    assert.isFalse(isWaiting())
  })
})
