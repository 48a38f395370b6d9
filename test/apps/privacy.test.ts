/**
 * No output that others may read has a full address of a candidate, or a secret: the test searches all of them.
 * A new output must be added to `sources`, and to namesPrivacy.test.ts, which looks for names.
 */
import { assert, describe, it } from "vitest"
import * as fs from "node:fs"
import * as path from "node:path"
import { openEvents, request } from "../support/admin.ts"
import { command, inScratch, start, writeConfig } from "../support/command.ts"
import { ask, named, serve, until } from "../support/servers.ts"

const TOKEN = "correct-horse-battery"

/** All outputs of a service with this configuration, by name. */
async function sources(directory: string, level: string) {
  const good = await named("good")
  const gone = await serve(() => {})
  const admin = await serve(() => {})
  await Promise.all([gone.stop(), admin.stop()])
  const log = path.join(directory, "fairlead.log")
  const file = writeConfig(directory, {
    candidates: [good.port, gone.port],
    more: `admin: { listen: "127.0.0.1:${admin.port}", token: ${TOKEN}, heartbeat: 100ms }
log: { level: ${level}, format: json, output: ${JSON.stringify(log)} }
breaker: { failureThreshold: 1, cooldown: 100ms }`
  })
  const running = start(["run", "--config", file])
  const logged = () => fs.existsSync(log) ? fs.readFileSync(log, "utf8") : ""
  await until("it listens", () => /"listening".*?127\.0\.0\.1:(\d+)/.test(logged()), 30_000)
  const port = Number(/"listening".*?127\.0\.0\.1:(\d+)/.exec(logged())?.[1])
  const headers = { authorization: `Bearer ${TOKEN}`, via: "a proxy" }
  const events = await openEvents(admin.port, { ...headers, "last-event-id": "0" })
  await until("a breaker is told", () => events.text().includes("IpPoolIpTripped"), 30_000)
  assert.strictEqual(await ask(port), "good")
  const page = async (at: string) => (await request(admin.port, at, { headers })).body
  const pages = {
    status: await page("/status"),
    metrics: await page("/metrics"),
    unauthorised: (await request(admin.port, "/status")).body
  }
  events.stop()
  running.kill("SIGTERM")
  const { stdout, stderr, code } = await running.ended
  await good.stop()
  assert.strictEqual(code, 0, stderr)
  const record = path.join(directory, "log")
  const copy = path.join(directory, "copy")
  const redacted = await command(["replay", "--redact", copy, record])
  assert.strictEqual(redacted.code, 0, redacted.stderr)
  const segments = fs.readdirSync(copy).map((name) => fs.readFileSync(path.join(copy, name), "utf8")).join("")
  const told = { replay: redacted.stdout, copy: segments }
  const found: Record<string, string> = { stdout, stderr, log: logged(), events: events.text(), ...pages, ...told }
  return { found, addresses: [good, gone].map(({ port }) => `127.0.0.1:${port}`), file, record, copy }
}

describe("a running service", () => {
  it(
    "shows no candidate's full address and no secret outside its own record, and none in a redacted copy",
    () =>
      inScratch(async (directory) => {
        const { found, addresses, record, copy } = await sources(directory, "info")
        for (const [name, text] of Object.entries(found)) {
          for (const secret of [TOKEN, ...addresses]) assert.notInclude(text, secret, name)
        }
        // The outputs are not empty: they have the candidates, by network.
        assert.include(found["events"], '"address":"127.0.0.0/24"')
        assert.include(found["log"], "127.0.0.0/24")
        assert.include(found["status"], '"address":"127.0.0.0/24"')
        for (const segment of fs.readdirSync(record).filter((one) => one.endsWith(".ndjson"))) {
          const recorded = fs.readFileSync(path.join(record, segment), "utf8")
          assert.notInclude(recorded, TOKEN)
          assert.include(recorded, '"host":"127.0.0.1"')
          assert.notInclude(fs.readFileSync(path.join(copy, segment), "utf8"), "127.0.0.1")
        }
      }),
    90_000
  )

  it(
    "shows full addresses at level debug in the log alone, and no secret there either",
    () =>
      inScratch(async (directory) => {
        const { found, addresses } = await sources(directory, "debug")
        assert.include(found["log"], addresses[0])
        for (const [name, text] of Object.entries(found)) {
          assert.notInclude(text, TOKEN, name)
          if (name !== "log") { for (const address of addresses) assert.notInclude(text, address, name) }
        }
      }),
    90_000
  )
})
