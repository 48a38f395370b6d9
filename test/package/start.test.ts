/** What `npm start` and `deno task start` run: the command as a bundle of the sources as they are now. */
import { spawnSync } from "node:child_process"
import * as fs from "node:fs"
import * as path from "node:path"
import process from "node:process"
import { assert, describe, it } from "vitest"
import { VERSION } from "../../src/apps/version.ts"
import { binaryOf, here, inScratch, ROOT } from "../support/command.ts"
import { checkout } from "../support/launchers.ts"

const TIMEOUT_MS = 120_000
const before = here === "deno" ? ["run", "-A"] : []
const run = (cwd: string, args: ReadonlyArray<string>) =>
  spawnSync(binaryOf(here), [...before, ...args], { cwd, encoding: "utf8", env: { ...process.env, NO_COLOR: "1" } })

describe.skipIf(process.platform === "win32")("the file that `setup.mjs start` names", () => {
  it(
    "is a bundle that is made anew when a source has changed, and the sources where it cannot be made",
    () =>
      inScratch((directory) => {
        checkout(directory)
        // Sources of its own, which the test edits.
        for (const name of ["src", "tools", "dist"]) fs.rmSync(path.join(directory, name))
        for (const name of ["src", "tools"]) {
          fs.cpSync(path.join(ROOT, name), path.join(directory, name), { recursive: true, preserveTimestamps: true })
        }
        for (const name of ["tsconfig.json", "README.md", "LICENSE"]) {
          fs.copyFileSync(path.join(ROOT, name), path.join(directory, name))
        }
        const named = () => run(directory, ["tools/setup.mjs", "start"])
        const versionBy = (file: string) => run(directory, [file, "--version"]).stdout.trim()
        const edit = (file: string, change: (text: string) => string) => {
          const name = path.join(directory, file)
          fs.writeFileSync(name, change(fs.readFileSync(name, "utf8")))
        }

        const first = named()
        assert.deepStrictEqual([first.status, first.stdout, first.stderr], [0, "dist/.start/fairlead.cjs\n", ""])
        assert.strictEqual(versionBy("dist/.start/fairlead.cjs"), `fairlead v${VERSION}`)
        const built = path.join(directory, "dist/.start/.built")
        const { mtimeMs } = fs.statSync(built)
        assert.strictEqual(named().stdout, "dist/.start/fairlead.cjs\n")
        assert.strictEqual(fs.statSync(built).mtimeMs, mtimeMs)

        edit("src/apps/version.ts", (text) => text.replace(VERSION, "9.9.9-edited"))
        assert.strictEqual(named().stdout, "dist/.start/fairlead.cjs\n")
        assert.strictEqual(versionBy("dist/.start/fairlead.cjs"), "fairlead v9.9.9-edited")

        edit("tools/build/command.ts", (text) => `${text}\nthrow new Error("no bundler here")\n`)
        const last = named()
        assert.deepStrictEqual([last.status, last.stdout], [0, "src/apps/main.ts\n"])
        assert.include(last.stderr, "the command cannot be bundled here, so it starts from its sources")
        return Promise.resolve()
      }),
    TIMEOUT_MS
  )
})
