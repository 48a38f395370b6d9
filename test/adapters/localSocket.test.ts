import { assert, describe, it } from "vitest"
import { LocalSocket } from "../../src/adapters/node/entry/LocalSocket.ts"
import { until } from "../support/servers.ts"

describe("two ends of a connection within this process", () => {
  it("pass on in one piece what was written to one end at once", async () => {
    const [one, other] = LocalSocket.pair()
    const pieces: Array<string> = []
    other.on("data", (piece) => pieces.push(String(piece)))
    one.cork()
    for (const part of ["5\r\n", "Hello", "\r\n"]) one.write(part)
    one.uncork()
    await until("the bytes are there", () => pieces.join("") === "5\r\nHello\r\n")
    assert.deepStrictEqual(pieces, ["5\r\nHello\r\n"])
  })

  it("give what was written before a reset to a reader that takes it late, and then the reset", async () => {
    const [one, other] = LocalSocket.pair()
    const failures: Array<unknown> = []
    other.on("error", (error: NodeJS.ErrnoException) => failures.push(error.code))
    one.on("error", () => {})
    other.pause()
    let heard = ""
    other.on("data", (piece) => heard += String(piece))
    one.write("the answer")
    one.resetAndDestroy()
    await new Promise((resolve) => setImmediate(resolve))
    assert.deepStrictEqual(failures, [])
    other.resume()
    await until("the other end fails", () => failures.length > 0)
    assert.strictEqual(heard, "the answer")
    assert.deepStrictEqual(failures, ["ECONNRESET"])
    assert.isTrue(other.destroyed)
  })
})
