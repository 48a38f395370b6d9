/** A service whose disk does not answer, from before its start or later on: it listens, serves and ends. */
import { assert, describe, it } from "vitest"
import * as fs from "node:fs"
import * as path from "node:path"
import process from "node:process"
import type { Running } from "../support/command.ts"
import { inScratch, portOf, start, writeConfig } from "../support/command.ts"
import { ask, named, until } from "../support/servers.ts"
import { onSilentDisk } from "../support/silentDisk.ts"

const TIMEOUT_MS = 90_000
/** The smallest limits, so that a test takes no longer than it must. */
const LIMITS = "timeout: 300ms"

const listening = async (running: Running) => {
  await until("it listens", () => portOf(running) !== undefined, 20_000)
  return portOf(running) as number
}
/** Ends the program, by force if it does not end by itself, and gives its exit code. */
const ended = async (running: Running, withinMs: number) => {
  let over = false
  void running.ended.then(() => (over = true))
  running.kill("SIGTERM")
  try {
    await until("it ends", () => over, withinMs)
  } finally {
    if (!over) running.kill("SIGKILL")
  }
  return (await running.ended).code
}

const ownPlace = (disk: string) =>
  `eventLog: { path: ${JSON.stringify(path.join(disk, "log"))}, flushInterval: 5ms, ${LIMITS} }
history: { path: ${JSON.stringify(path.join(disk, "history.json"))}, flushInterval: 20ms, ${LIMITS} }`

/** A configuration with which everything is written to the disk. */
const configOn = (disk: string, directory: string, port: number, more = "") => {
  const file = writeConfig(directory, { candidates: [port], more: `${more}\nhistory: {}` })
  const text = fs.readFileSync(file, "utf8").replace(/^eventLog:.*$/m, "").replace("history: {}", "")
  fs.writeFileSync(file, `${text}${ownPlace(disk)}\n`)
  return file
}

/**
 * Once it holds its locks and watches its file: these few calls at the start wait on the main thread of either runtime, and the disk
 * of this test falls silent right after a call that is made to see whether it answers.
 */
const begun = async ({ pid }: Running, disk: string) => {
  const locks = ["log/lock", "history.json.lock"].map((name) => path.join(disk, name))
  const descriptors = `/proc/${pid}/fdinfo`
  const isWatching = () =>
    fs.readdirSync(descriptors).some((name) => {
      try {
        return fs.readFileSync(path.join(descriptors, name), "utf8").includes("inotify wd:")
      } catch {
        return false
      }
    })
  await until("it holds its locks", () => locks.every((name) => fs.existsSync(name)), 20_000)
  await until("it watches its file", isWatching, 20_000)
}

// At the same time, each on a disk of its own: most of it is waiting.
describe.concurrent("a disk that does not answer", () => {
  it(
    "from before the start delays neither the listeners nor the end",
    (context) =>
      onSilentDisk(context, async ({ directory: disk, silence }, directory) => {
        const good = await named("good")
        const file = configOn(disk, directory, good.port)
        await silence()
        const running = start(["run", "--config", file])
        const beganMs = performance.now()
        assert.strictEqual(await ask(await listening(running)), "good")
        assert.isBelow(performance.now() - beganMs, 10_000)
        assert.match(running.stderr(), /record .*: cannot open it: no answer from the disk within 300 ms/)
        assert.match(running.stderr(), /the disk of the history did not answer within 300 ms/)
        assert.strictEqual(await ended(running, 10_000), 0, running.stderr())
        assert.include(running.stderr(), "message=stopped")
        await good.stop()
      }),
    TIMEOUT_MS
  )

  it(
    "while the service runs delays neither clients nor the end",
    (context) =>
      onSilentDisk(context, async ({ directory: disk, silence }, directory) => {
        const good = await named("good")
        const log = path.join(disk, "fairlead.log")
        const running = start([
          "run",
          "--config",
          configOn(disk, directory, good.port, `log: { output: ${JSON.stringify(log)}, ${LIMITS} }`)
        ])
        await until(
          "it listens",
          () => fs.existsSync(log) && fs.readFileSync(log, "utf8").includes("message=listening"),
          20_000
        )
        const port = Number(/message=listening.*127\.0\.0\.1:(\d+)/.exec(fs.readFileSync(log, "utf8"))?.[1])
        assert.strictEqual(await ask(port), "good")
        await silence()
        let slowestMs = 0
        for (const endMs = performance.now() + 2_000; performance.now() < endMs;) {
          const beganMs = performance.now()
          assert.strictEqual(await ask(port), "good")
          slowestMs = Math.max(slowestMs, performance.now() - beganMs)
        }
        // A main thread that waits for the disk waits until the end of the test.
        assert.isBelow(slowestMs, 1_000)
        assert.strictEqual(await ended(running, 10_000), 0)
        assert.match(running.stderr(), /log .*: cannot write: no answer from the disk within 300 ms; lines are lost/)
        await good.stop()
      }),
    TIMEOUT_MS
  )

  it(
    "leaves threads for DNS lookups, though log, record and file are on it, and a reload ends",
    (context) =>
      onSilentDisk(context, async ({ directory: disk, silence, speak }, directory) => {
        const good = await named("good")
        // Its end makes log lines, which have to be written while the disk does not answer.
        const short = await named("short")
        const upstreams = `upstreams: { web: { host: localhost, port: ${good.port}, preheat: false },
  other: { candidates: ["127.0.0.1:${short.port}"], probing: { interval: 1s } } }`
        const log = path.join(disk, "fairlead.log")
        const file = path.join(disk, "fairlead.yaml")
        const more = `${upstreams}\nlog: { output: ${JSON.stringify(log)}, ${LIMITS} }`
        fs.copyFileSync(configOn(disk, directory, good.port, more), file)
        const running = start(["run", "--config", file])
        const lines = () => fs.existsSync(log) ? fs.readFileSync(log, "utf8") : ""
        await until("it listens", () => lines().includes("message=listening"), 20_000)
        const port = Number(/message=listening.*127\.0\.0\.1:(\d+)/.exec(lines())?.[1])
        await until("the other upstream is active", () => lines().includes("upstream=other"), 20_000)
        await begun(running, disk)
        await silence()
        running.kill("SIGHUP")
        await short.stop()
        await until("the log is given up", () => running.stderr().includes("lines are lost"), 20_000)
        // By then the file watch and the reload have called the disk as well.
        await new Promise((resolve) => setTimeout(resolve, 3_000))
        assert.strictEqual(await ask(port), "good")
        await new Promise((resolve) => setTimeout(resolve, 3_000))
        speak()
        await until("the failed reload is told", () => lines().includes("no answer from the disk within 5000 ms"), 20_000)
        running.kill("SIGHUP")
        await until("it reloads", () => lines().includes("configuration reloaded"), 20_000)
        assert.strictEqual(await ended(running, 10_000), 0, running.stderr())
        await good.stop()
      }),
    TIMEOUT_MS
  )

  it(
    "and then answers again gets a new segment of the record",
    (context) =>
      onSilentDisk(context, async ({ directory: disk, silence, speak }, directory) => {
        const good = await named("good")
        const running = start(["run", "--config", configOn(disk, directory, good.port)])
        const port = await listening(running)
        await until("the record is begun", () => fs.existsSync(path.join(disk, "log", "00000001.ndjson")))
        await silence()
        for (const endMs = performance.now() + 20_000; performance.now() < endMs;) {
          await ask(port)
          if (running.stderr().includes("the record has a gap")) break
        }
        assert.include(running.stderr(), "the record has a gap until the disk takes writes again")
        speak()
        await until(
          "a new segment is begun",
          () => fs.readdirSync(path.join(disk, "log")).some((name) => name >= "00000002"),
          40_000
        )
        assert.strictEqual(await ended(running, 10_000), 0, running.stderr())
        await good.stop()
      }),
    TIMEOUT_MS
  )

  it.skipIf(process.platform !== "linux")(
    "but fails with ENOENT for a new directory, is reported, and clients are served",
    () =>
      inScratch(async (directory) => {
        const good = await named("good")
        const running = start([
          "run",
          "--config",
          writeConfig(directory, { candidates: [good.port], log: "/proc/fairlead" })
        ])
        assert.strictEqual(await ask(await listening(running)), "good")
        assert.match(running.stderr(), /record \/proc\/fairlead: cannot open it: no such file or directory/)
        assert.strictEqual(await ended(running, 10_000), 0)
        await good.stop()
      }),
    TIMEOUT_MS
  )
})
