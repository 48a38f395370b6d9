/** What a command prints is longer than a pipe holds, and its reader is slow or leaves. */
import { assert, describe, it } from "vitest"
import { command } from "../support/command.ts"

/** More than the 64 KiB that a pipe takes at once. */
const PIPE_CHARS = 65_536
const readBy = (reader: string) => ["sh", "-c", `"$@" | ${reader}`, "sh"]

describe("a command that prints more than a pipe holds", () => {
  it("prints all of it to a reader that begins three seconds later", async () => {
    const { code, stdout } = await command(["schema"], { by: readBy("{ sleep 3; cat; }") })
    assert.strictEqual(code, 0)
    assert.isAbove(stdout.length, PIPE_CHARS)
    assert.containsAllKeys(JSON.parse(stdout), ["properties"])
  }, 60_000)

  it("ends when its reader leaves", async () => {
    const { code, stdout } = await command(["schema"], { by: readBy("head -c 10") })
    assert.deepStrictEqual([code, stdout.length], [0, 10])
  }, 60_000)
})
