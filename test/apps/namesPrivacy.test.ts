/**
 * Names that clients asked for are in `/status`, the history and the record, which belong to the operator, and nowhere else:
 * the program's output, log, facts, metrics, traces and redacted copies have `on-demand`, or an upstream's name.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as fs from "node:fs"
import * as path from "node:path"
import { openEvents, request } from "../support/admin.ts"
import { command, inScratch, program, start, writeConfig } from "../support/command.ts"
import { dnsServer } from "../support/dnsServer.ts"
import { ask, named, until } from "../support/servers.ts"
import { freePorts } from "../support/freePorts.ts"
import { fakeCollector } from "../support/telemetry.ts"

const TOKEN = "correct-horse-battery"
const HEADERS = { authorization: `Bearer ${TOKEN}`, via: "a proxy" }

interface Place {
  readonly directory: string
  readonly admin: number
  readonly dns: string
  readonly traces: string
  /** A port with a server, and a port without one. */
  readonly good: number
  readonly gone: number
}

/** Resolver, server and collector for one test. */
const withPlace = (names: Readonly<Record<string, ReadonlyArray<string>>>, use: (place: Place) => Promise<Seen>) =>
  Effect.gen(function* (): Effect.fn.Return<Seen, never, Scope.Scope> {
    const resolver = yield* dnsServer(names)
    return yield* Effect.promise(() =>
      inScratch(async (directory) => {
        const collector = await fakeCollector()
        const good = await named("good")
        const [admin = 0, gone = 0] = await freePorts(2)
        const place = { directory, admin, gone, dns: `127.0.0.1:${resolver.port}`, traces: `${collector.url}/v1/traces` }
        try {
          const seen = await use({ ...place, good: good.port })
          return { ...seen, traces: collector.bodies().join("\n") }
        } finally {
          await Promise.all([good.stop(), collector.stop()])
        }
      })
    )
  })

type Seen = Readonly<Record<string, string>>

/** The pages of the admin port, and its answers about a known and a guessed name. */
async function pagesOf(admin: number, known: string): Promise<Seen> {
  const page = async (at: string, method = "GET") => (await request(admin, at, { headers: HEADERS, method })).body
  assert.include(await page(`/refresh?upstream=${known}`, "POST"), known)
  const guessed = await page("/refresh?upstream=guessed.example", "POST")
  return { metrics: await page("/metrics"), ready: await page("/readyz"), guessed, status: await page("/status") }
}

/** The record, the history, and a redacted copy and verdicts of the record. */
async function leftIn(directory: string): Promise<Seen> {
  const record = path.join(directory, "log")
  const copy = path.join(directory, "copy")
  const redacted = await command(["replay", "--redact", copy, record])
  assert.strictEqual(redacted.code, 0, redacted.stderr)
  const verdicts = await Promise.all([command(["replay", record]), command(["replay", "--json", record])])
  const all = (folder: string) =>
    fs.readdirSync(folder).filter((one) => one.endsWith(".ndjson")).map((one) =>
      fs.readFileSync(path.join(folder, one), "utf8")
    ).join("")
  return {
    redacted: redacted.stdout + redacted.stderr,
    verdicts: verdicts.map(({ stdout, stderr }) => stdout + stderr).join("\n"),
    copy: all(copy),
    record: all(record),
    history: fs.readFileSync(path.join(directory, "history.json"), "utf8")
  }
}

const OWNERS = ["status", "record", "history"]

/** Checks that `word` is in everything of the operator, and nowhere else. */
function hidden(seen: Seen, word: string): void {
  for (const [where, text] of Object.entries(seen)) {
    const stands = text.toLowerCase().includes(word)
    if (!OWNERS.includes(where)) assert.isFalse(stands, `${where}: ${around(text, word)}`)
    else assert.isTrue(stands, where)
  }
}

function around(text: string, word: string): string {
  const at = text.toLowerCase().indexOf(word)
  return text.slice(Math.max(0, at - 200), at + 100)
}

describe("a name on demand", () => {
  it.live("from a program is in /status, record and history alone, whatever its outcome", () =>
    Effect.gen(function* () {
      const names = {
        "found.whisper.example": ["127.0.0.1"],
        "refused.whisper.example": ["127.0.0.1"],
        "denied.whisper.example": ["127.9.9.9"]
      }
      const seen = yield* withPlace(names, async ({ directory, admin, dns, traces, good, gone }) => {
        const config = {
          dns: { servers: [dns], timeout: "500ms" },
          access: { deny: ["127.9.0.0/16"] },
          admin: { listen: `127.0.0.1:${admin}`, token: TOKEN, heartbeat: "100ms" },
          eventLog: { path: path.join(directory, "log"), flushInterval: "5ms" },
          history: { path: path.join(directory, "history.json") },
          telemetry: { otlp: { endpoint: traces } },
          probing: { interval: "100ms" },
          dial: { timeout: "500ms", deadline: "1s" },
          breaker: { failureThreshold: 1, cooldown: "100ms" },
          onDemand: { singleFlightTimeout: "1s" },
          cache: { maxEntries: 3 }
        }
        const asked = [
          `Found.Whisper.Example.:${good}`,
          `found.whisper.example:${good}`,
          `refused.whisper.example:${gone}`,
          `denied.whisper.example:${good}`,
          `nobody.whisper.example:${good}`,
          `found.whisper.example:${good}`
        ]
        const running = program("namesOnDemand.ts", [JSON.stringify(config), ...asked])
        await until("its admin port is open", () => running.stdout() !== "", 30_000)
        const events = await openEvents(admin, { ...HEADERS, "last-event-id": "0" })
        await until("all were asked for", () => running.stdout().includes("all asked"), 30_000)
        const outcomes = running.stdout().match(/asked: \w+/g)
        assert.deepStrictEqual(outcomes, [
          ...[
            "asked: good",
            "asked: good",
            "asked: ConnectError",
            "asked: ConnectError",
            "asked: ConnectError",
            "asked: good"
          ]
        ])
        const pages = await pagesOf(admin, `found.whisper.example:${good}`)
        events.stop()
        running.kill("SIGTERM")
        const { stdout, stderr, code } = await running.ended
        assert.strictEqual(code, 0, stderr)
        const said = { stdout, stderr, events: events.text(), ...pages }
        return { ...said, ...await leftIn(directory) }
      })
      hidden(seen, "whisper")
      for (const where of ["events", "metrics", "traces"]) assert.include(seen[where], "on-demand", where)
    }).pipe(Effect.scoped), 90_000)

  it.live("from a listener's upstream appears elsewhere only as the upstream's name", () =>
    Effect.gen(function* () {
      const seen = yield* withPlace(
        { "web.whisper.example": ["127.0.0.1"] },
        async ({ directory, admin, dns, traces, good, gone }) => {
          const log = path.join(directory, "fairlead.log")
          const file = writeConfig(directory, {
            candidates: [],
            more: `admin: { listen: "127.0.0.1:${admin}", token: ${TOKEN}, heartbeat: 100ms }
dns: { servers: ["${dns}"], timeout: 500ms }
telemetry: { otlp: { endpoint: "${traces}" } }
log: { level: debug, format: json, output: ${JSON.stringify(log)} }
breaker: { failureThreshold: 1, cooldown: 100ms }
upstreams:
  web: { host: Web.Whisper.Example, port: ${good}, preheat: false }
  lost: { host: web.whisper.example, port: ${gone} }
  nobody: { host: nobody.whisper.example, port: ${good} }`
          })
          const running = start(["run", "--config", file])
          const logged = () => fs.existsSync(log) ? fs.readFileSync(log, "utf8") : ""
          await until("it listens", () => /"listening".*?127\.0\.0\.1:(\d+)/.test(logged()), 30_000)
          const events = await openEvents(admin, { ...HEADERS, "last-event-id": "0" })
          assert.strictEqual(await ask(Number(/"listening".*?127\.0\.0\.1:(\d+)/.exec(logged())?.[1])), "good")
          await until("the other one is told", () => events.text().includes("LadderStep"), 30_000)
          running.kill("SIGHUP")
          await until("it is reloaded", () => logged().includes("configuration reloaded"), 30_000)
          const pages = await pagesOf(admin, "web")
          events.stop()
          running.kill("SIGTERM")
          const { stdout, stderr, code } = await running.ended
          assert.strictEqual(code, 0, stderr)
          return { stdout, stderr, log: logged(), events: events.text(), ...pages, ...await leftIn(directory) }
        }
      )
      hidden(seen, "whisper")
      for (const where of ["events", "metrics", "traces"]) assert.include(seen[where], "web#", where)
    }).pipe(Effect.scoped), 90_000)
})
