/** A proxy port that asks for a name and a password, and what `fairlead env` prints for it. */
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { command } from "../support/command.ts"
import type { Peers } from "../support/peers/peers.ts"
import { peers } from "../support/peers/peers.ts"
import { lacksTool, runTool } from "../support/peers/tools.ts"

const PASSWORD = "s3cr3t-@-word"

describe.skipIf(lacksTool("curl", "curl", "curl"))("a port with users", () => {
  let world: Peers
  let lines = ""
  beforeAll(async () => {
    world = await peers({ listener: `users: { ann: "${PASSWORD}" }` })
    lines = (await command(["env", "--admin", `127.0.0.1:${world.admin}`])).stdout
  }, 120_000)
  afterAll(() => world?.stop())

  /** curl in a shell that has read the lines. */
  const curl = (env: Readonly<Record<string, string>>, ...args: ReadonlyArray<string>) =>
    runTool("sh", ["-c", `eval "$LINES" && exec curl "$@"`, "sh", "-q", "--silent", ...args], {
      env: { HOME: world.directory, LINES: lines, CURL_CA_BUNDLE: world.authority, ...env }
    })

  it("gets no password into the lines, which say how to give one", () => {
    assert.include(lines, `@${world.proxy}"`)
    assert.include(lines, "FAIRLEAD_PASSWORD")
    assert.notInclude(lines, "s3cr3t")
  })

  it("serves a client with the name and the password of the environment, and answers 407 to a wrong one", async () => {
    const right = { FAIRLEAD_USER: "ann", FAIRLEAD_PASSWORD: encodeURIComponent(PASSWORD) }
    for (const url of [world.http, world.https]) {
      const { stdout, stderr } = await curl(right, `${url}/`)
      assert.strictEqual(stdout, "hello from web.example\n", stderr)
    }
    const wrong = { FAIRLEAD_USER: "ann", FAIRLEAD_PASSWORD: "guess" }
    const { stdout } = await curl(wrong, "--output", "/dev/null", "--write-out", "%{http_code}", `${world.http}/`)
    assert.strictEqual(stdout, "407")
    const tunnel = await curl(wrong, "--output", "/dev/null", "--write-out", "%{http_connect}", `${world.https}/`)
    assert.strictEqual(tunnel.stdout, "407")
  })

  it("takes the same by SOCKS5", async () => {
    const url = `socks5h://ann:${encodeURIComponent(PASSWORD)}@${world.proxy}`
    const args = ["-q", "--silent", "--cacert", world.authority, `${world.https}/`]
    const { stdout, stderr } = await runTool("curl", ["--proxy", url, ...args], { env: { HOME: world.directory } })
    assert.strictEqual(stdout, "hello from web.example\n", stderr)
    const refused = await runTool("curl", ["--proxy", `socks5h://${world.proxy}`, ...args], {
      env: { HOME: world.directory }
    })
    assert.notStrictEqual(refused.code, 0)
  })
})
