/** `fairlead replay --redact` on a record made by the program itself: the copy has no address and no name. */
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import * as Effect from "effect/Effect"
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import * as zlib from "node:zlib"
import { command, here, inScratch, other, portOf, start } from "../support/command.ts"
import { dnsServer } from "../support/dnsServer.ts"
import { ask, named, until } from "../support/servers.ts"

const NAMES = { "gitserver.example": ["127.0.0.1", "127.0.0.2"], "files.example": ["127.0.0.3", "127.0.0.1"] }
const ORIGINALS = ["127.0.0.1", "127.0.0.2", "127.0.0.3", "::1", "gitserver", "files.example", "127.0.0."]

/** A record in several segments: clients of a name, of a list, and of system addresses that are no candidates. */
async function record(directory: string, dnsPort: number): Promise<string> {
  const good = await named("good")
  const log = path.join(directory, "log")
  const file = path.join(directory, "fairlead.yaml")
  fs.writeFileSync(
    file,
    `listeners:
  - { name: web, listen: "127.0.0.1:0", upstream: web }
  - { name: for files.example, listen: "127.0.0.1:0", upstream: files.example }
upstreams:
  web: { host: gitserver.example, port: ${good.port}, candidates: ["[::1]:1"] }
  files.example: { host: files.example, port: ${good.port}, bypass: true }
dns: { servers: ["127.0.0.1:${dnsPort}"] }
eventLog: { path: ${JSON.stringify(log)}, flushInterval: 5ms, segmentBytes: 6KiB, segments: 1000 }
history: { path: none }
probing: { interval: 100ms }
admin: { listen: "off" }
`
  )
  const running = start(["run", "--config", file])
  const ports = () => [...running.stderr().matchAll(/listening.*?127\.0\.0\.1:(\d+)/g)].map((match) => Number(match[1]))
  await until("both listen", () => portOf(running) !== undefined && ports().length === 2, 30_000)
  for (let i = 0; i < 12; i++) for (const port of ports()) assert.strictEqual(await ask(port), "good")
  running.kill("SIGTERM")
  const { code, stderr } = await running.ended
  await good.stop()
  assert.strictEqual(code, 0, stderr)
  return log
}

/** The text of every file of a directory, unpacked. */
function contents(directory: string): string {
  const texts = fs.readdirSync(directory).sort().map((name) => {
    const bytes = fs.readFileSync(path.join(directory, name))
    return (name.endsWith(".gz") ? zlib.gunzipSync(bytes) : bytes).toString("latin1")
  })
  return texts.join("")
}

describe("fairlead replay --redact", () => {
  let scratch = ""
  let log = ""
  beforeAll(async () => {
    scratch = fs.mkdtempSync(path.join(os.tmpdir(), "fairlead-redact-"))
    await Effect.runPromise(Effect.scoped(Effect.gen(function* () {
      const dns = yield* dnsServer(NAMES)
      log = yield* Effect.promise(() => record(scratch, dns.port))
    })))
  }, 60_000)
  afterAll(() => fs.rmSync(scratch, { recursive: true, force: true }))

  it(
    `writes a copy without any address or name, which verifies on ${other} as on ${here}`,
    () =>
      inScratch(async (directory) => {
        const out = path.join(directory, "out")
        const before = contents(log)
        for (const original of ORIGINALS) assert.include(before, original)
        const original = JSON.parse((await command(["replay", "--json", log])).stdout)
        assert.isAtLeast(original.segments.length, 3)
        const { code, stdout, stderr } = await command(["replay", "--json", "--redact", out, log])
        assert.strictEqual(code, 0, stdout + stderr)
        const { redacted, ...verdict } = JSON.parse(stdout)
        // 127.0.0.1 to 3 and ::1; two hosts, the upstream that is named after one and its listener.
        assert.deepStrictEqual(redacted, { addresses: 4, names: 4 })
        assert.notInclude(stdout, directory)
        const { state: _state, moves, ...rest } = original
        assert.deepInclude(verdict, rest)
        assert.strictEqual(verdict.outcome, "verified")
        assert.strictEqual(verdict.moves.length, moves.length)
        assert.deepStrictEqual(verdict.moves[0], moves[0])

        const text = contents(out)
        for (const one of [...ORIGINALS, "files", scratch]) assert.notInclude(text, one)
        for (const one of ["127.18.0.1", "::ffff:127.18.", "h1.invalid", "h2.invalid", "name1"]) assert.include(text, one)
        assert.deepStrictEqual(fs.readdirSync(out).sort(), fs.readdirSync(log).filter((name) => /ndjson/.test(name)).sort())
        assert.strictEqual(fs.statSync(out).mode & 0o777, 0o700)
        for (const name of fs.readdirSync(out)) assert.strictEqual(fs.statSync(path.join(out, name)).mode & 0o777, 0o600)
        const same = await command(["replay", "--json", out])
        const there = await command(["replay", "--json", out], { runtime: other })
        assert.strictEqual(there.code, 0, there.stderr)
        assert.strictEqual(there.stdout, same.stdout)
        assert.deepStrictEqual(JSON.parse(same.stdout), verdict)
      }),
    60_000
  )

  it("prints what was replaced and where the copy is, and accepts an empty directory", () =>
    inScratch(async (directory) => {
      const { code, stdout, stderr } = await command(["replay", "--until", "20", "--redact", directory, log])
      assert.strictEqual(code, 0, stdout + stderr)
      assert.match(stdout, /^redacted copy in .*: \d+ addresses, 4 names replaced\nthe copy is verified: every decision/)
      assert.include(stdout, directory)
      assert.include(stdout, "21 entries")
    }))

  it("refuses an unverified record with the exit code of replay, and writes nothing", () =>
    inScratch(async (directory) => {
      const out = path.join(directory, "out")
      const [name = ""] = fs.readdirSync(log).filter((one) => one.endsWith(".ndjson"))
      const text = fs.readFileSync(path.join(log, name), "utf8")
      const { link } = await import("../../src/record/codec.ts")
      const { chainStart } = await import("../../src/record/write.ts")
      const [header = ""] = text.split("\n")
      const head = header.slice(0, header.lastIndexOf(',"chain"')).replace(/"model":\d+/, '"model":999')
      const foreign = link(chainStart(Number.parseInt(name)), head).text
      const changed = [[text.replace('"worker":0', '"worker":1'), 3], [foreign, 4]] as const
      for (const [bad, expected] of changed) {
        fs.writeFileSync(path.join(directory, name), bad)
        const told = await command(["replay", "--redact", out, directory])
        assert.strictEqual(told.code, expected)
        assert.include(told.stdout, "not redacted: only a record that verifies is copied")
        const { code, stdout } = await command(["replay", "--json", "--redact", out, directory])
        assert.strictEqual(code, expected)
        assert.deepInclude(JSON.parse(stdout), { redacted: null })
        assert.isFalse(fs.existsSync(out))
      }
    }), 60_000)

  it(
    "exits 2 for a directory that is not empty, and for segments of several records, and changes nothing",
    () =>
      inScratch(async (directory) => {
        const before = contents(log)
        const file = path.join(directory, "file")
        fs.writeFileSync(file, "mine")
        for (const out of [log, directory, file]) {
          const { code, stderr } = await command(["replay", "--redact", out, log])
          assert.strictEqual(code, 2)
          assert.include(stderr, "not an empty directory")
        }
        const twice = await command(["replay", "--redact", path.join(directory, "out"), log, log])
        assert.strictEqual(twice.code, 2)
        assert.include(twice.stderr, "from one directory")
        assert.strictEqual((await command(["replay", "--redact", path.join(directory, "no", "out"), log])).code, 1)
        assert.strictEqual(contents(log), before)
        assert.deepStrictEqual(fs.readdirSync(directory), ["file"])
      }),
    60_000
  )
})
