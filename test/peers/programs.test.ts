/** Programs on Node through the proxy port: its own fetch, http and WebSocket by the variables, and undici's proxy agents. */
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { fileURLToPath } from "node:url"
import { binaryOf } from "../support/command.ts"
import type { Peers } from "../support/peers/peers.ts"
import { peers } from "../support/peers/peers.ts"
import { runTool } from "../support/peers/tools.ts"

const HELLO = "hello from web.example\n"
const programOf = (name: string) => fileURLToPath(new URL(`../support/peers/${name}`, import.meta.url))

let world: Peers
beforeAll(async () => void (world = await peers()), 90_000)
afterAll(() => world?.stop())

/** Runs Node with the variables, and with the authority of the site. */
const node = (...args: ReadonlyArray<string>) =>
  runTool(binaryOf("node"), args, {
    env: { ...world.env, NODE_USE_ENV_PROXY: "1", NODE_EXTRA_CA_CERTS: world.authority }
  })

describe("Node with NODE_USE_ENV_PROXY=1", () => {
  for (const scheme of ["http", "https"] as const) {
    it(`fetches by ${scheme}`, async () => {
      const code = `process.stdout.write(await (await fetch("${world[scheme]}/")).text())`
      const { stdout, stderr } = await node("--input-type=module", "--eval", code)
      assert.strictEqual(stdout, HELLO, stderr)
    })

    it(`gets an answer by its module ${scheme}`, async () => {
      const code = `import { get } from "node:${scheme}"; get("${world[scheme]}/", (answer) => answer.pipe(process.stdout))`
      const { stdout, stderr } = await node("--input-type=module", "--eval", code)
      assert.strictEqual(stdout, HELLO, stderr)
    })

    it(`exchanges WebSocket messages over ${scheme === "http" ? "ws" : "wss"}`, async () => {
      const url = world[scheme].replace("http", "ws")
      const { stdout, stderr } = await node("--no-warnings", programOf("webSocketClient.ts"), url)
      assert.strictEqual(stdout, "hello\n", stderr)
    })
  }
})

describe("undici", () => {
  for (const kind of ["http", "socks5"]) {
    it(`gets answers by its ${kind === "http" ? "ProxyAgent" : "Socks5ProxyAgent"}`, async () => {
      const urls = [`${world.http}/`, `${world.https}/`, `${world.http}/body`]
      const { stdout, stderr } = await node("--no-warnings", programOf("undiciClient.ts"), kind, world.proxy, ...urls)
      assert.deepStrictEqual(JSON.parse(stdout || JSON.stringify(stderr)), [
        { status: 200, body: HELLO },
        { status: 200, body: HELLO },
        { status: 200, body: "GET 0 bytes\n" }
      ])
    })
  }
})
