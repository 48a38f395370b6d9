/** Runs the commands of docs/rollout.md, in their order, against a service with two upstreams. */
import { assert, describe, it } from "vitest"
import { spawn } from "node:child_process"
import { text } from "node:stream/consumers"
import * as fs from "node:fs"
import * as path from "node:path"
import process from "node:process"
import { binaryOf, here, inScratch, main, ROOT, start } from "../support/command.ts"
import { freePorts } from "../support/freePorts.ts"
import { fileOf, lacksTool } from "../support/peers/tools.ts"
import { ask, named, until } from "../support/servers.ts"
import { sumOf } from "../support/telemetry.ts"

const page = fs.readFileSync(path.join(ROOT, "docs/rollout.md"), "utf8")
const sections = new Map(
  page.split(/^## /m).slice(1).map((part) => [
    part.split("\n", 1)[0] as string,
    [...part.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, code]) => code as string)
  ])
)

const CLIENTS = 3

describe.skipIf(lacksTool("curl", "curl", "curl") || fileOf("sh") === undefined)("the page on a gradual start", () => {
  it(
    "can be followed from off to one upstream to all, off and back, and loses no client",
    () =>
      inScratch(async (directory) => {
        const server = await named("one")
        const [admin = 0, web = 0, api = 0] = await freePorts(3)
        const file = path.join(directory, "fairlead.yaml")
        const write = (top: string, bypassed = "", to = file) =>
          fs.writeFileSync(
            to,
            `${top}
listeners:
  - { name: web, listen: "127.0.0.1:${web}", upstream: web }
  - { name: api, listen: "127.0.0.1:${api}", upstream: api }
upstreams:
  web: { candidates: ["127.0.0.1:${server.port}"] }
  api: { candidates: ["127.0.0.1:${server.port}"]${bypassed} }
probing: { interval: 200ms }
admin: { listen: "127.0.0.1:${admin}" }
eventLog: { path: none }
history: { path: none }
`
          )
        const runtime = here === "node"
          ? binaryOf("node")
          : `${binaryOf("deno")} run -A --config ${path.join(ROOT, "deno.json")}`
        /** Runs a block as it stands, but for the port and for how the command is called. */
        const run = async (section: string, block = 0): Promise<string> => {
          const code = sections.get(section)?.[block]?.replaceAll("9099", String(admin)) ?? "exit 9"
          const script = `set -e\nfairlead() { ${runtime} ${main()} "$@"; }\n${code}`
          const child = spawn("sh", ["-c", script], { cwd: directory, env: { ...process.env, NO_COLOR: "1" } })
          const [printed, said] = await Promise.all([text(child.stdout), text(child.stderr)])
          if (child.exitCode === null) await new Promise((resolve) => child.once("close", resolve))
          assert.strictEqual(child.exitCode, 0, `${code}${printed}${said}`)
          return printed
        }
        const figures = async () => {
          const metrics = await (await fetch(`http://127.0.0.1:${admin}/metrics`)).text()
          return {
            ladder: sumOf(metrics, "ip_pool_fallback_total{"),
            chosen: sumOf(metrics, "ip_pool_selection_total{"),
            done: sumOf(metrics, "fairlead_connections_total{")
          }
        }
        /** After it was switched on, an upstream serves by the ladder until its first probe has answered. */
        const active = async (...names: ReadonlyArray<string>) => {
          for (;;) {
            const { upstreams } = await (await fetch(`http://127.0.0.1:${admin}/status?candidates=0`)).json() as any
            if (upstreams.every(({ name, state }: any) => !names.includes(name) || state === "active")) return
            await new Promise((resolve) => setTimeout(resolve, 20))
          }
        }
        let sent = 0
        /** How many clients of each upstream the ladder served. */
        const byLadder = async () => {
          const of = async (port: number) => {
            const before = await figures()
            for (let i = 0; i < CLIENTS; i++) assert.strictEqual(await ask(port), "one")
            sent += CLIENTS
            for (;;) {
              const now = await figures()
              if (now.done === sent) return now.ladder - before.ladder
            }
          }
          return [await of(web), await of(api)]
        }
        const [all, none] = [CLIENTS, 0]

        write("enabled: false")
        await run("Step 1: in the path, without an opinion")
        const running = start(["run", "--config", file])
        await until(
          "it listens",
          () => running.stderr().includes("listening") && running.stderr().includes(String(api)),
          30_000
        )
        assert.deepStrictEqual(await byLadder(), [all, all])
        assert.match(await run("Step 1: in the path, without an opinion", 1), /ip_pool_fallback_total[^]*disabled/)

        await run("Step 2: one upstream")
        assert.strictEqual(fs.readFileSync(`${file}.before`, "utf8"), fs.readFileSync(file, "utf8"))
        write("enabled: true", ", bypass: true", `${file}.new`)
        const two = await run("Step 2: one upstream", 1)
        assert.match(two, /applied[^]*\nweb [^]*\napi +disabled/)
        await active("web")
        assert.deepStrictEqual(await byLadder(), [none, all])

        await run("Step 2: one upstream")
        write("enabled: true", "", `${file}.new`)
        assert.match(await run("Step 3: widen"), /applied/)
        await active("web", "api")
        assert.deepStrictEqual(await byLadder(), [none, none])

        await run("Off, at once")
        assert.deepStrictEqual(await byLadder(), [all, all])
        await run("Off, at once", 1)
        await active("web", "api")
        assert.deepStrictEqual(await byLadder(), [none, none])

        assert.match(await run("Back to the file of before"), /applied/)
        await active("web")
        assert.deepStrictEqual(await byLadder(), [none, all])

        running.kill("SIGTERM")
        assert.strictEqual((await running.ended).code, 0)
        await server.stop()
      }),
    120_000
  )
})
