/** A running service and its file: what a reload changes, and what it leaves alone. */
import { assert, describe, it } from "vitest"
import * as fs from "node:fs"
import * as net from "node:net"
import type { Running } from "../support/command.ts"
import { command, inScratch, portOf, start, writeConfig } from "../support/command.ts"
import { ask, named, serve, until } from "../support/servers.ts"

/** A session through an echo server, which can show that it is alive. */
function session(port: number) {
  const client = net.connect({ port, host: "127.0.0.1" })
  let heard = ""
  client.setEncoding("utf8").on("data", (text) => (heard += text))
  client.on("error", () => {})
  return {
    stillAlive: async (word: string) => {
      client.write(word)
      await until(`the echo of ${word}`, () => heard.endsWith(word))
    },
    end: () => client.destroy()
  }
}

const stopped = async (running: Running) => {
  running.kill("SIGTERM")
  return (await running.ended).code
}

const times = (running: Running, part: string) => running.stderr().split(part).length - 1

/** Replaces a file as editors do. */
function replace(file: string, text: string): void {
  fs.writeFileSync(`${file}.new`, text)
  fs.renameSync(`${file}.new`, file)
}

describe("a running service", () => {
  it("keeps sessions through a broken and a good change of its file, and serves new clients by the good one", () =>
    inScratch(async (directory) => {
      const echo = await serve((socket) => socket.pipe(socket))
      const other = await named("other")
      const file = writeConfig(directory, { candidates: [echo.port], more: "shutdown: { drain: 100ms }" })
      const running = start(["run", "--config", file])
      await until("it listens", () => portOf(running) !== undefined)
      const port = portOf(running) as number
      const client = session(port)
      await client.stillAlive("before")

      const good = fs.readFileSync(file, "utf8")
      replace(file, `${good}\nprobng: {}\nattempts: 0\n`)
      await until("the broken file is reported", () => running.stderr().includes("the one before stays in force"))
      await until("each mistake is", () => running.stderr().includes("unknown key, did you mean probing?"))
      assert.match(running.stderr(), /fairlead\.yaml:\d+:1 attempts: expected a whole number from 1 to 64, got 0/)
      await client.stillAlive("through the broken one")

      replace(file, good.replace(`127.0.0.1:${echo.port}`, `127.0.0.1:${other.port}`))
      await until("the good file is applied", () => running.stderr().includes("configuration reloaded"))
      await client.stillAlive("through the good one")
      assert.strictEqual(await ask(port), "other")
      client.end()
      assert.strictEqual(await stopped(running), 0)
      await echo.stop()
      await other.stop()
    }))

  it("binds new listeners, closes removed ones, and keeps others, also with another upstream", () =>
    inScratch(async (directory) => {
      const [a, b] = [await named("a"), await named("b")]
      const free = await serve(() => {})
      await free.stop()
      const file = writeConfig(directory, { candidates: [a.port] })
      const before = fs.readFileSync(file, "utf8")
      const running = start(["run", "--config", file])
      await until("it listens", () => portOf(running) !== undefined)
      const port = portOf(running) as number
      const more = { name: "b", listen: `127.0.0.1:${free.port}`, upstream: "b" }
      // The new upstream comes first in the file, and the old listener uses it.
      const after = before.replace("listeners: [", `listeners: [${JSON.stringify(more)}, `)
        .replace("upstreams: {", `upstreams: { b: { candidates: ["127.0.0.1:${b.port}"] },`)
        .replace("upstream: web }]", "upstream: b }]")
      fs.writeFileSync(file, after)
      await until("it is applied", () => running.stderr().includes("configuration reloaded"))
      assert.deepEqual([await ask(free.port), await ask(port)], ["b", "b"])
      fs.writeFileSync(file, before)
      await until("it is applied again", () => times(running, "configuration reloaded") === 2)
      assert.strictEqual(await ask(port), "a")
      const gone = await ask(free.port).catch((error: NodeJS.ErrnoException) => error.code)
      assert.strictEqual(gone, "ECONNREFUSED")
      assert.strictEqual(await stopped(running), 0)
      await a.stop()
      await b.stop()
    }))

  it("changes nothing when a new address cannot be bound", () =>
    inScratch(async (directory) => {
      const [good, holder] = [await named("good"), await serve(() => {})]
      const file = writeConfig(directory, { candidates: [good.port] })
      const running = start(["run", "--config", file])
      await until("it listens", () => portOf(running) !== undefined)
      const more = `{ name: taken, listen: "127.0.0.1:${holder.port}", upstream: web }`
      replace(file, fs.readFileSync(file, "utf8").replace("listeners: [", `listeners: [${more}, `))
      await until("it is refused", () => running.stderr().includes("the port is in use"))
      assert.include(running.stderr(), `listener taken: cannot listen on 127.0.0.1:${holder.port}`)
      assert.strictEqual(await ask(portOf(running) as number), "good")
      assert.strictEqual(await stopped(running), 0)
      await good.stop()
      await holder.stop()
    }))

  it("applies a new log level at once, and names what needs a restart", () =>
    inScratch(async (directory) => {
      const good = await named("good")
      const file = writeConfig(directory, { candidates: [good.port] })
      const before = fs.readFileSync(file, "utf8")
      const running = start(["run", "--config", file])
      await until("it listens", () => portOf(running) !== undefined)
      replace(file, `${before}\nlimits: { mailbox: 128 }\nlog: { level: warn }\n`)
      await until("it is said", () => running.stderr().includes("limits.mailbox has changed and needs a restart"))
      assert.strictEqual(times(running, "configuration reloaded"), 0)
      replace(file, `${before}\nlimits: { mailbox: 128 }\nlog: { level: info }\n`)
      await until("it is told again", () => times(running, "configuration reloaded") === 1)
      assert.strictEqual(await stopped(running), 0)
      await good.stop()
    }))

  it("leaves a record that replays across a reload", () =>
    inScratch(async (directory) => {
      const [a, b] = [await named("a"), await named("b")]
      const file = writeConfig(directory, { candidates: [a.port] })
      const running = start(["run", "--config", file])
      await until("it listens", () => portOf(running) !== undefined)
      const port = portOf(running) as number
      assert.strictEqual(await ask(port), "a")
      replace(file, fs.readFileSync(file, "utf8").replace(`127.0.0.1:${a.port}`, `127.0.0.1:${b.port}`))
      await until("it is applied", () => running.stderr().includes("configuration reloaded"))
      assert.strictEqual(await ask(port), "b")
      await stopped(running)
      const { code, stdout } = await command(["replay", `${directory}/log`])
      assert.deepEqual([code, stdout.split("\n")[0]], [0, "verified: every decision came out as recorded"])
      await a.stop()
      await b.stop()
    }))
})
