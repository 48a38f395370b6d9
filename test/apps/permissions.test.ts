/** Fairlead on Deno without -A: the permissions of docs/security.md are enough, and nothing else is asked for. */
import { assert, describe, it } from "vitest"
import * as fs from "node:fs"
import * as path from "node:path"
import type { Ended, Running, Start } from "../support/command.ts"
import { here, inScratch, portOf, ROOT, start, startFile, writeConfig } from "../support/command.ts"
import { request } from "../support/admin.ts"
import { FOLDER } from "../support/bundle.ts"
import { freePorts } from "../support/freePorts.ts"
import { ask, named, until } from "../support/servers.ts"

const TIMEOUT_MS = 60_000
const unit = fs.readFileSync(path.join(ROOT, "deploy/fairlead.service"), "utf8")
const page = fs.readFileSync(path.join(ROOT, "docs/security.md"), "utf8")

/** The flags of the first command line with `words` in a text. */
function flagsIn(text: string, words: string): ReadonlyArray<string> {
  const line = text.split("\n").find((one) => one.includes("deno run --no-prompt") && one.includes(words)) ?? ""
  const all = line.split(" ")
  return all.slice(0, all.findIndex((word) => /\.(cjs|ts)$/.test(word))).filter((word) => word.startsWith("--"))
}

/** With the directories of a test, and that of its bundle, in place of those of the unit. */
const placed = (flags: ReadonlyArray<string>, directory: string) =>
  flags.map((flag) =>
    flag.replaceAll("/opt/fairlead/dist", FOLDER).replaceAll("/etc/fairlead", directory)
      .replaceAll("/var/lib/fairlead", path.join(directory, "fairlead"))
  )

/** What Deno was asked for, by kind. */
function askedFor(file: string): ReadonlyMap<string, ReadonlySet<string>> {
  const asked = new Map<string, Set<string>>()
  for (const line of fs.readFileSync(file, "utf8").trimEnd().split("\n")) {
    const { permission, value } = JSON.parse(line) as { readonly permission: string; readonly value: unknown }
    asked.set(permission, (asked.get(permission) ?? new Set()).add(String(value)))
  }
  return asked
}

/** The narrow permissions of a service with its state in `directory`. */
const narrow = (directory: string, sockets: ReadonlyArray<string>) => [
  "--no-prompt",
  "--deny-run",
  "--deny-ffi",
  `--allow-net=${["127.0.0.1", ...sockets.map((name) => `unix:${path.join(directory, name)}`)].join(",")}`,
  `--allow-read=${FOLDER},${directory}`,
  `--allow-write=${directory}`,
  "--ignore-env",
  "--allow-sys=uid,networkInterfaces"
]

async function begun(args: ReadonlyArray<string>, options: Start): Promise<Running> {
  const running = start(args, { runtime: "deno", ...options })
  let over: Ended | undefined
  void running.ended.then((ended) => (over = ended))
  await until("it listens", () => portOf(running) !== undefined || over !== undefined, 30_000)
  assert.isUndefined(over, running.stderr())
  return running
}

async function stopped(running: Running): Promise<void> {
  running.kill("SIGTERM")
  const { code, stderr } = await running.ended
  assert.strictEqual(code, 0, stderr)
  assert.deepStrictEqual(
    stderr.split("\n").filter((line) => /NotCapable|level=(WARN|ERROR) .*message=(?!.* fact=)/.test(line)),
    []
  )
}

// Node has no such permissions.
describe.skipIf(here === "node")("without -A", () => {
  it(
    "the service of the unit's line for Deno serves, reloads and stops with 0, and asks for no more than it has",
    () =>
      inScratch(async (directory) => {
        const [good, other] = await Promise.all([named("good"), named("other")])
        const state = path.join(directory, "fairlead")
        const audit = path.join(directory, "audit")
        const ofState = {
          log: path.join(state, "log"),
          more: `history: { path: ${JSON.stringify(path.join(state, "h.json"))} }`
        }
        const file = writeConfig(directory, { candidates: [good.port], ...ofState })
        const flags = flagsIn(unit, "fairlead.cjs run")
        assert.isNotEmpty(flags)
        const running = await begun(["run", "--config", file], {
          permissions: placed(flags, directory),
          env: { XDG_STATE_HOME: directory, DENO_AUDIT_PERMISSIONS: audit }
        })
        const port = portOf(running) as number
        assert.strictEqual(await ask(port), "good")
        writeConfig(directory, { candidates: [other.port], ...ofState })
        await until("it has reloaded", () => running.stderr().includes("configuration reloaded"))
        assert.strictEqual(await ask(port), "other")
        assert.include(running.stderr(), "descriptors are not counted")
        await until("the history is written", () => fs.existsSync(path.join(state, "h.json")))
        await stopped(running)
        await Promise.all([good.stop(), other.stop()])
        const asked = askedFor(audit)
        assert.sameMembers([...asked.keys()], ["env", "net", "read", "sys", "write"])
        assert.includeMembers(["uid", "networkInterfaces"], [...asked.get("sys") ?? []])
      }),
    TIMEOUT_MS
  )

  it(
    "the service runs with the addresses of its listeners, its candidates and its locks instead of the whole network",
    () =>
      inScratch(async (directory) => {
        const good = await named("good")
        const running = await begun(["run", "--config", writeConfig(directory, { candidates: [good.port] })], {
          permissions: narrow(directory, ["history.json.lock.sock", "log/lock.sock"])
        })
        assert.strictEqual(await ask(portOf(running) as number), "good")
        await until("the history is written", () => fs.existsSync(path.join(directory, "history.json")))
        await stopped(running)
        await good.stop()
      }),
    TIMEOUT_MS
  )

  it(
    "the service may not listen at its lock: it says what to allow, serves, and writes no history without the lock",
    () =>
      inScratch(async (directory) => {
        const good = await named("good")
        const file = path.join(directory, "history.json")
        const more = `history: { path: ${JSON.stringify(file)}, firstWrite: 10ms, flushInterval: 20ms }`
        const running = await begun(["run", "--config", writeConfig(directory, { candidates: [good.port], more })], {
          permissions: narrow(directory, ["log/lock.sock"])
        })
        await until("the history failed", () => running.stderr().includes("cannot be written"))
        for (let i = 0; i < 20; i++) assert.strictEqual(await ask(portOf(running) as number), "good")
        running.kill("SIGTERM")
        const { code, stderr } = await running.ended
        assert.strictEqual(code, 0, stderr)
        assert.match(stderr, /history\.json\.lock\.sock.*--allow-net/)
        assert.notInclude(stderr, "written again")
        assert.isFalse(fs.existsSync(file))
        await good.stop()
      }),
    TIMEOUT_MS
  )

  it(
    "the service without a file serves its proxy port, with its state in the one directory that it may write",
    () =>
      inScratch(async (directory) => {
        const good = await named("good")
        const [proxy = 0] = await freePorts(1)
        const running = await begun(["run", "--listen", `127.0.0.1:${proxy}`, "--admin", "off"], {
          permissions: placed(flagsIn(page, "fairlead.cjs run --listen"), directory),
          env: { XDG_STATE_HOME: directory }
        })
        const pac = await request(proxy, "/proxy.pac")
        assert.deepStrictEqual([pac.status, pac.body.includes(`PROXY 127.0.0.1:${proxy}`)], [200, true])
        assert.match(await ask(proxy, `CONNECT 127.0.0.1:${good.port} HTTP/1.1\r\nHost: a\r\n\r\n`), /^HTTP\/1\.1 403 /)
        await until("the record begins", () => fs.existsSync(path.join(directory, "fairlead/log/00000001.ndjson")))
        await stopped(running)
        await good.stop()
      }),
    TIMEOUT_MS
  )

  it(
    "a variable that --allow-env does not name is as unset to the configuration, and the message says what to do",
    () =>
      inScratch(async (directory) => {
        const file = writeConfig(directory, { candidates: [9], more: 'admin: { listen: "127.0.0.1:0", token: "${TOKEN}" }' })
        const { code, stderr } = await start(["run", "--config", file], {
          runtime: "deno",
          permissions: placed(flagsIn(unit, "fairlead.cjs run"), directory),
          env: { TOKEN: "a-secret-of-the-environment" }
        }).ended
        assert.strictEqual(code, 2, stderr)
        assert.match(stderr, /TOKEN is not set: .*--allow-env/)
      }),
    TIMEOUT_MS
  )

  it("a program that embeds Fairlead needs the network alone", () =>
    inScratch(async () => {
      const echo = await named("hello")
      const address = `127.0.0.1:${echo.port}`
      const flags = flagsIn(page, "promises.ts").map((flag) =>
        flag.startsWith("--allow-net") ? `--allow-net=${address}` : flag
      )
      assert.isNotEmpty(flags)
      const { code, stdout, stderr } = await startFile(path.join(ROOT, "examples/promises.ts"), [address], {
        runtime: "deno",
        permissions: flags
      }).ended
      await echo.stop()
      assert.strictEqual(code, 0, stderr)
      assert.match(stdout, /^echo#1 answered hello/)
    }), TIMEOUT_MS)
})
