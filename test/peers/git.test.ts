/** git through the proxy port: clone, commit and push over HTTP and HTTPS. */
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { spawnSync } from "node:child_process"
import { randomBytes } from "node:crypto"
import * as fs from "node:fs"
import * as path from "node:path"
import type { Peers } from "../support/peers/peers.ts"
import { peers } from "../support/peers/peers.ts"
import { lacksTool, runTool } from "../support/peers/tools.ts"

const missing = lacksTool("git", "git", "git-http-backend")

function makeRepository(folder: string): void {
  const bare = path.join(folder, "git", "sample.git")
  fs.mkdirSync(bare, { recursive: true })
  for (const args of [["init", "--quiet", "--bare", "-b", "main", "."], ["config", "http.receivepack", "true"]]) {
    const { status, stderr } = spawnSync("git", args, { cwd: bare, encoding: "utf8" })
    if (status !== 0) throw new Error(stderr)
  }
}

describe.skipIf(missing)("git", () => {
  let world: Peers
  beforeAll(async () => void (world = await peers({ prepare: makeRepository })), 90_000)
  afterAll(() => world?.stop())

  const git = async (cwd: string, ...args: ReadonlyArray<string>) => {
    const env = {
      ...world.env,
      GIT_CONFIG_NOSYSTEM: "1",
      GIT_TERMINAL_PROMPT: "0",
      GIT_SSL_CAINFO: world.authority,
      ...Object.fromEntries(["AUTHOR", "COMMITTER"].flatMap((role) => [
        [`GIT_${role}_NAME`, "Ann"],
        [`GIT_${role}_EMAIL`, "ann@web.example"]
      ]))
    }
    const { code, stdout, stderr } = await runTool("git", args, { cwd, env })
    assert.strictEqual(code, 0, `git ${args.join(" ")}: ${stderr}`)
    return stdout
  }

  for (const scheme of ["http", "https"] as const) {
    it(`clones, commits and pushes over ${scheme}, and a second clone has the commit`, async () => {
      const [work, again] = ["work", "again"].map((name) => path.join(world.directory, `${scheme}-${name}`)) as [
        string,
        string
      ]
      const url = `${world[scheme]}/git/sample.git`
      await git(world.directory, "clone", "--quiet", url, work)
      // More than git sends without chunks.
      fs.writeFileSync(path.join(work, `${scheme}.bin`), randomBytes(2_500_000))
      await git(work, "add", ".")
      await git(work, "commit", "--quiet", "--message", `by ${scheme}`)
      await git(work, "push", "--quiet", "origin", "HEAD:main")
      await git(world.directory, "clone", "--quiet", url, again)
      assert.deepStrictEqual(
        fs.readFileSync(path.join(again, `${scheme}.bin`)),
        fs.readFileSync(path.join(work, `${scheme}.bin`))
      )
    }, 60_000)
  }

  it("takes the port from the line that `fairlead env` names", async () => {
    const direct = { HOME: world.directory, GIT_CONFIG_NOSYSTEM: "1", GIT_SSL_CAINFO: world.authority }
    const url = `${world.https}/git/sample.git`
    const set = ["config", "--global", "http.proxy", `http://${world.proxy}`]
    assert.strictEqual((await runTool("git", set, { env: direct })).code, 0)
    const { code, stderr } = await runTool("git", ["ls-remote", url], { env: direct })
    assert.strictEqual(code, 0, stderr)
  })
})
