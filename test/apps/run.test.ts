/** `fairlead run` as a user runs it. */
import { assert, describe, it } from "vitest"
import * as fs from "node:fs"
import * as net from "node:net"
import * as path from "node:path"
import { command, inScratch, portOf, start, writeConfig } from "../support/command.ts"
import { freePorts } from "../support/freePorts.ts"
import { ask, named, serve, until } from "../support/servers.ts"

describe("fairlead run", () => {
  it("serves the example that `check` shows where it gets no file", async () => {
    const { code, stderr } = await command(["check"])
    assert.strictEqual(code, 2)
    const example = stderr.slice(stderr.indexOf("listeners:"))
    await inScratch(async (directory) => {
      const file = path.join(directory, "example.yaml")
      fs.writeFileSync(file, `${example}\nadmin: { listen: "off" }\neventLog: { path: none }\nhistory: { path: none }\n`)
      const running = start(["run", "--config", file])
      await until("it listens", () => portOf(running) === 1234 || running.stderr().includes("in use"))
      running.kill("SIGTERM")
      const ended = await running.ended
      assert.isTrue(ended.code === 0 || ended.stderr.includes("in use"), ended.stderr)
    })
  })

  it("names every mistake of a file with its line and does not listen", () =>
    inScratch(async (directory) => {
      const file = path.join(directory, "bad.yaml")
      fs.writeFileSync(file, `listeners:\n  - { name: web, listen: "127.0.0.1", upstrem: web }\nprobing: { interval: 5 }\n`)
      const { code, stderr } = await command(["run", "--config", file])
      assert.strictEqual(code, 2)
      assert.include(stderr, "bad.yaml:2:18 listeners.0.listen: expected an address with a port")
      assert.include(stderr, "listeners.0.upstrem: unknown key, did you mean upstream?")
      assert.include(stderr, "bad.yaml:3:12 probing.interval: expected a duration")
      assert.notInclude(stderr, "listening")
    }))

  it("accepts a key without an effect yet, with a warning", () =>
    inScratch(async (directory) => {
      const server = await named("good")
      const file = writeConfig(directory, { candidates: [server.port], more: "workers: 2" })
      const running = start(["run", "--config", file])
      await until("it listens", () => portOf(running) !== undefined)
      running.kill("SIGTERM")
      const { code, stderr } = await running.ended
      await server.stop()
      assert.strictEqual(code, 0)
      assert.include(stderr, "workers: has no effect yet")
    }))

  it(
    "exits 1 where another Fairlead has the port of a listener for TCP, and names the command that shows what that one does",
    () =>
      inScratch(async (directory) => {
        const server = await named("one")
        const [admin = 0] = await freePorts(1)
        const file = writeConfig(directory, { candidates: [server.port], more: `admin: { listen: "127.0.0.1:${admin}" }` })
        const running = start(["run", "--config", file])
        await until("it listens", () => portOf(running) !== undefined, 30_000)
        const second = path.join(directory, "second.yaml")
        fs.writeFileSync(second, fs.readFileSync(file, "utf8").replace("127.0.0.1:0", `127.0.0.1:${portOf(running)}`))
        const { code, stderr } = await command(["run", "--config", second])
        assert.strictEqual(code, 1)
        assert.match(
          stderr,
          /another Fairlead[^.]* holds it\. To see what that one does: fairlead status\. Stop it, or change/
        )
        running.kill("SIGTERM")
        await running.ended
        await server.stop()
      }),
    60_000
  )

  it("exits 1 naming the listener when its port is in use", () =>
    inScratch(async (directory) => {
      const holder = await serve(() => {})
      const file = writeConfig(directory, { candidates: [9] })
      fs.writeFileSync(file, fs.readFileSync(file, "utf8").replace("127.0.0.1:0", `127.0.0.1:${holder.port}`))
      const { code, stderr } = await command(["run", "--config", file])
      await holder.stop()
      assert.strictEqual(code, 1)
      assert.include(stderr, `listener web: cannot listen on 127.0.0.1:${holder.port}: the port is in use`)
    }))

  it("serves, and on SIGTERM lets a session finish, refuses new clients and exits 0", () =>
    inScratch(async (directory) => {
      const echo = await serve((socket) => socket.pipe(socket))
      const running = start(["run", "--config", writeConfig(directory, { candidates: [echo.port] })])
      await until("it listens", () => portOf(running) !== undefined)
      const port = portOf(running) as number
      const client = net.connect({ port, host: "127.0.0.1", allowHalfOpen: true })
      let heard = ""
      client.setEncoding("utf8").on("data", (text) => (heard += text))
      client.write("before ")
      await until("the first echo", () => heard === "before ")
      running.kill("SIGTERM")
      await until("it stops accepting", () => running.stderr().includes("stopping"))
      const refused = await new Promise((resolve) =>
        net.connect(port, "127.0.0.1").once("error", resolve).once("connect", () => resolve(undefined))
      )
      client.write("after")
      await until("the second echo", () => heard === "before after")
      client.end()
      const { code } = await running.ended
      await echo.stop()
      assert.deepInclude(refused, { code: "ECONNREFUSED" })
      assert.strictEqual(code, 0)
    }))

  it("takes two signals at once as one, and stops at once on another one more than a second later", () =>
    inScratch(async (directory) => {
      const silent = await serve(() => {})
      const more = 'pool: { mode: "off" }'
      const running = start(["run", "--config", writeConfig(directory, { candidates: [silent.port], more })])
      await until("it listens", () => portOf(running) !== undefined)
      const client = net.connect(portOf(running) as number, "127.0.0.1")
      client.on("error", () => {})
      await until("the client is relayed", () => silent.connections() > 1 && silent.sockets.size > 0)
      running.kill("SIGTERM")
      running.kill("SIGINT")
      await until("it stops accepting", () => running.stderr().includes("stopping"))
      let over = false
      void running.ended.then(() => (over = true))
      const askedAtMs = performance.now()
      await until("more than a second has passed", () => performance.now() - askedAtMs > 1_200)
      assert.isFalse(over)
      running.kill("SIGTERM")
      const { code } = await running.ended
      client.destroy()
      await silent.stop()
      assert.strictEqual(code, 1)
    }))

  it("answers /healthz, /readyz and /status on its admin port, and refuses a foreign Host", () =>
    inScratch(async (directory) => {
      const good = await named("good")
      const probe = await serve(() => {})
      await probe.stop()
      const file = writeConfig(directory, { candidates: [good.port], more: `admin: { listen: "127.0.0.1:${probe.port}" }` })
      const running = start(["run", "--config", file])
      await until("it listens", () => portOf(running) !== undefined)
      const at = `http://127.0.0.1:${probe.port}`
      assert.strictEqual((await fetch(`${at}/healthz`)).status, 200)
      let ready = 0
      for (let i = 0; i < 200 && ready !== 200; i++) ready = (await fetch(`${at}/readyz`)).status
      assert.strictEqual(ready, 200)
      assert.strictEqual(await ask(portOf(running) as number), "good")
      const status = await (await fetch(`${at}/status`)).json()
      assert.deepInclude(status.listeners[0], { name: "web", accepted: 1 })
      assert.deepInclude(status.upstreams[0].candidates[0], { id: "web#1", active: true })
      const strange = await rawStatus(probe.port, "evil.example")
      running.kill("SIGTERM")
      await running.ended
      await good.stop()
      assert.include(strange, "421")
    }))
})

/** `fetch` cannot set the Host header. */
function rawStatus(port: number, host: string): Promise<string> {
  return ask(port, `GET /status HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)
}
