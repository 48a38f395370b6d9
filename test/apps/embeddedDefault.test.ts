/** `fairlead` and `fairlead run` without a file: a proxy port, an admin port, and what to type next. */
import { assert, describe, it } from "vitest"
import * as fs from "node:fs"
import * as net from "node:net"
import * as path from "node:path"
import { request } from "../support/admin.ts"
import type { Running } from "../support/command.ts"
import { command, inScratch, portOf, start } from "../support/command.ts"
import { until } from "../support/servers.ts"
import { freePorts } from "../support/freePorts.ts"

const TIMEOUT_MS = 60_000

interface Begun {
  readonly running: Running
  readonly proxy: number
  readonly admin: number
}

/** Starts the embedded default with its state in `directory`, waits for the proxy port, and stops it after `use`. */
async function withDefault<A>(directory: string, use: (begun: Begun) => Promise<A>): Promise<A> {
  const [proxy = 0, admin = 0] = await freePorts(2)
  const running = start(["--listen", `127.0.0.1:${proxy}`, "--admin", `127.0.0.1:${admin}`], {
    env: { XDG_STATE_HOME: directory }
  })
  let over = false
  void running.ended.then(() => (over = true))
  try {
    const isReady = () => running.stdout().includes("proxy.pac") && portOf(running) !== undefined
    await until("it listens and says what to type", () => isReady() || over, 30_000)
    assert.isFalse(over, running.stderr())
    return await use({ running, proxy, admin })
  } finally {
    if (!over) running.kill("SIGTERM")
    await running.ended
  }
}

describe("without a file", () => {
  it(
    "serves a proxy port with its state in the state directory, and says in five lines what to type",
    () =>
      inScratch((directory) =>
        withDefault(directory, async ({ running, proxy, admin }) => {
          assert.strictEqual(portOf(running), proxy)
          const lines = running.stdout().trimEnd().split("\n")
          assert.lengthOf(lines, 5)
          for (const part of [`https_proxy=http://127.0.0.1:${proxy} git clone`, `--socks5-hostname 127.0.0.1:${proxy}`]) {
            assert.include(running.stdout(), part)
          }
          const { listeners } = JSON.parse((await request(admin, "/status")).body)
          assert.deepInclude(listeners[0], { name: "local", protocol: "proxy", listen: `127.0.0.1:${proxy}` })
          await until("the record begins", () => fs.existsSync(path.join(directory, "fairlead", "log", "00000001.ndjson")))
          const { code, stdout } = await command(["env", "--admin", `127.0.0.1:${admin}`])
          assert.strictEqual(code, 0)
          assert.include(stdout, `export https_proxy='http://127.0.0.1:${proxy}';`)
        })
      ),
    TIMEOUT_MS
  )

  it("takes SIGHUP, which changes nothing, and stops on SIGTERM with code 0", () =>
    inScratch(async (directory) => {
      const running = await withDefault(directory, async ({ running }) => {
        running.kill("SIGHUP")
        await until("it has reloaded", () => running.stderr().includes("configuration reloaded"))
        return running
      })
      assert.include(running.stderr(), 'file="embedded default" changed=nothing')
      assert.strictEqual((await running.ended).code, 0)
    }), TIMEOUT_MS)

  it(
    "exits 1 where another Fairlead has the port, names it, and says how to use that one or choose another",
    () =>
      inScratch((directory) =>
        withDefault(directory, async ({ running, proxy, admin }) => {
          const env = { XDG_STATE_HOME: directory }
          const args = ["run", "--listen", `127.0.0.1:${proxy}`, "--admin", `127.0.0.1:${admin}`]
          const { code, stderr } = await command(args, { env })
          assert.strictEqual(code, 1)
          const parts = [
            `listener local: cannot listen on 127.0.0.1:${proxy}: the port is in use`,
            `another Fairlead (process ${running.pid}) holds it. To use that one: fairlead env`,
            `choose another port: fairlead run --listen 127.0.0.1:${proxy + 1}`
          ]
          for (const part of parts) assert.include(stderr, part)
        })
      ),
    TIMEOUT_MS
  )

  it(
    "beside another process with the same state directory records apart, keeps no history, and says so",
    () =>
      inScratch((directory) =>
        withDefault(directory, ({ running: first }) =>
          withDefault(directory, async ({ running }) => {
            const other = `process ${first.pid}`
            await until("it warns", () => running.stderr().includes("belongs to"))
            assert.include(
              running.stderr(),
              `${other} records in ${path.join(directory, "fairlead", "log")}; this process writes its own`
            )
            assert.include(
              running.stderr(),
              `history.json belongs to ${other}; this process reads the file and does not write it`
            )
          }))
      ),
    TIMEOUT_MS
  )

  it("exits 1 where another program has the default port, and says how to choose another", async () => {
    const holder = net.createServer()
    // Where another program has the port already, the result is the same.
    await new Promise<void>((resolve) => holder.once("error", () => resolve()).listen(8118, "127.0.0.1", resolve))
    const { code, stderr } = await inScratch((directory) => command([], { env: { XDG_STATE_HOME: directory } }))
    holder.close()
    assert.strictEqual(code, 1)
    assert.include(stderr, "cannot listen on 127.0.0.1:8118: the port is in use")
    assert.include(stderr, "fairlead run --listen 127.0.0.1:8119")
  }, TIMEOUT_MS)

  it("exits 1 where the admin port is taken, and says how to choose another or none", () =>
    inScratch(async (directory) => {
      const [admin = 0] = await freePorts(1)
      const holder = net.createServer((socket) => void socket.destroy())
      await new Promise<void>((resolve) => holder.listen(admin, "127.0.0.1", resolve))
      const args = ["run", "--listen", "127.0.0.1:0", "--admin", `127.0.0.1:${admin}`]
      const { code, stderr } = await command(args, { env: { XDG_STATE_HOME: directory } })
      holder.close()
      assert.strictEqual(code, 1)
      assert.include(
        stderr,
        `listener admin: cannot listen on 127.0.0.1:${admin}: the port is in use: another program holds it`
      )
      assert.include(stderr, `fairlead run --admin 127.0.0.1:${admin - 1}, or --admin off`)
    }), TIMEOUT_MS)

  it("exits 2 for an address that is none, and for flags that a file decides", async () => {
    const wrong = await command(["run", "--listen", "8118"])
    assert.strictEqual(wrong.code, 2)
    assert.include(wrong.stderr, "--listen 8118: expected an address with a port")
    const both = await command(["run", "--config", "f.yaml", "--listen", "127.0.0.1:1"])
    assert.strictEqual(both.code, 2)
    assert.include(both.stderr, "--listen is for a run without a file: change `listen` of a listener in f.yaml instead")
  }, TIMEOUT_MS)
})
