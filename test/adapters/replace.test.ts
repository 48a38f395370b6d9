/** A file that is replaced as a whole: the order in which the disk gets it. */
import { assert, describe, it } from "vitest"
import * as fs from "node:fs"
import * as path from "node:path"
import { replace } from "../../src/adapters/file/replace.ts"
import { onSilentDisk } from "../support/silentDisk.ts"
import { until } from "../support/servers.ts"

describe("a file that is replaced", () => {
  it(
    "is synced before its rename, and its directory is synced after that",
    (context) =>
      onSilentDisk(context, async ({ directory, told }) => {
        const file = path.join(directory, "history.json")
        await replace(file, "first")
        await replace(file, "second")
        assert.strictEqual(fs.readFileSync(file, "utf8"), "second")
        assert.deepStrictEqual(fs.readdirSync(directory), ["history.json"])
        await until("all is told", () => told().length >= 6)
        const once = ["fsync", "rename", "fsyncdir"]
        assert.deepStrictEqual(told(), [...once, ...once])
      }),
    60_000
  )
})
