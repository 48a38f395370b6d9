/** The command of the package, as a link in node_modules/.bin starts it. */
import { spawnSync } from "node:child_process"
import * as fs from "node:fs"
import * as path from "node:path"
import { assert, beforeAll, describe, it, vi } from "vitest"
import { VERSION } from "../../src/apps/version.ts"
import { unable } from "../support/able.ts"
import { request } from "../support/admin.ts"
import { command, here, inScratch, startFile } from "../support/command.ts"
import { freePorts } from "../support/freePorts.ts"
import { nodeOf } from "../support/nodes.ts"
import { BUILD_MS, noNpm, packed } from "../support/packed.ts"
import { until } from "../support/servers.ts"

// Other programs start here, which takes long on a busy machine.
vi.setConfig({ testTimeout: BUILD_MS })

const file = () => path.join(packed().folder, "dist/bin/fairlead.cjs")

/** Runs the command by this binary of Node, from a link. */
const by = (binary: string, args: ReadonlyArray<string>) =>
  inScratch((directory) => {
    const link = path.join(directory, "fairlead")
    fs.symlinkSync(file(), link)
    const { status, stdout, stderr } = spawnSync(binary, [link, ...args], { encoding: "utf8" })
    return Promise.resolve({ status, stdout, stderr })
  })

describe.skipIf(noNpm)("the command of the package", () => {
  beforeAll(packed, BUILD_MS)

  it("serves the embedded default with its metrics, stops on SIGTERM with 0, and leaves a record that the sources verify", () =>
    inScratch(async (directory) => {
      const [proxy = 0, admin = 0] = await freePorts(2)
      const running = startFile(file(), ["--listen", `127.0.0.1:${proxy}`, "--admin", `127.0.0.1:${admin}`], {
        cwd: directory,
        env: { XDG_STATE_HOME: directory, npm_command: "exec" }
      })
      try {
        await until("it says what to type", () => running.stdout().includes("proxy.pac"), 20_000)
        // npx has started it.
        assert.include(running.stdout(), "$(npx fairlead env")
        assert.include((await request(proxy, "/proxy.pac")).body, `PROXY 127.0.0.1:${proxy}`)
        assert.include((await request(admin, "/metrics")).body, "# TYPE fairlead_")
      } finally {
        running.kill("SIGTERM")
        const { code, stderr } = await running.ended
        assert.strictEqual(code, 0, stderr)
      }
      const replayed = await command(["replay", path.join(directory, "fairlead/log")])
      assert.deepStrictEqual([replayed.code, replayed.stderr], [0, ""], replayed.stdout)
    }))

  it("checks a file, and names its mistakes with exit code 2", () =>
    inScratch(async (directory) => {
      const config = path.join(directory, "bad.yaml")
      fs.writeFileSync(config, "listeners: 7\n")
      const { code, stderr } = await startFile(file(), ["check", "--config", config]).ended
      assert.strictEqual(code, 2)
      assert.include(stderr, "bad.yaml:1:1 listeners: expected a list")
    }))

  describe.skipIf(here === "deno")("under other versions of Node", () => {
    it.for(["22.19.0", "24.9.0"])("tells its version on Node %s, without a warning", async (version, context) => {
      const node = nodeOf(version)
      if ("why" in node) return unable(context, "nodes", node.why)
      assert.deepStrictEqual(await by(node.binary, ["--version"]), {
        status: 0,
        stdout: `fairlead v${VERSION}\n`,
        stderr: ""
      })
    })

    it("says in one line that Node 12 is too old, with exit code 2", async (context) => {
      const node = nodeOf("12.22.12")
      if ("why" in node) return unable(context, "nodes", node.why)
      const { status, stdout, stderr } = await by(node.binary, [])
      assert.deepStrictEqual([status, stdout], [2, ""])
      assert.match(stderr, /^fairlead: Node 12\.22\.12 is too old: install Node 22\.19 or newer[^\n]*\n$/)
    })
  })
})
