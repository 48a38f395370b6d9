/** The end of a service: on SIGTERM after its sessions, or at once when a port is in use. */
import { assert, describe, it } from "vitest"
import { createHash } from "node:crypto"
import * as fs from "node:fs"
import * as net from "node:net"
import process from "node:process"
import { request } from "../support/admin.ts"
import { inScratch, portOf, start, writeConfig } from "../support/command.ts"
import { serve, until } from "../support/servers.ts"
import { connect, pattern } from "../support/sockets.ts"
import { freePorts } from "../support/freePorts.ts"

const DEEP = process.env["FAIRLEAD_DEEP"] !== undefined
const CHUNK = pattern(1 << 20, 3)
const CHUNKS = DEEP ? 1_024 : 48

/** Sends all chunks to each client that sends data, no faster than the client reads, then ends. */
const generous = () =>
  serve((socket) => {
    let left = CHUNKS
    const send = () => {
      while (left > 0) {
        left--
        if (!socket.write(CHUNK)) return void socket.once("drain", send)
      }
      socket.end()
    }
    socket.once("data", send)
  })

function wholeDigest(): string {
  const hash = createHash("sha256")
  for (let i = 0; i < CHUNKS; i++) hash.update(CHUNK)
  return hash.digest("hex")
}

describe("SIGTERM", () => {
  it(`lets a transfer of ${CHUNKS} MiB finish, is not ready meanwhile, and exits 0`, () =>
    inScratch(async (directory) => {
      const server = await generous()
      const [admin = 0] = await freePorts(1)
      const more = `admin: { listen: "127.0.0.1:${admin}" }\nshutdown: { drain: 5m }`
      const running = start(["run", "--config", writeConfig(directory, { candidates: [server.port], more })])
      await until("it listens", () => portOf(running) !== undefined)
      const page = async (at: string) => {
        const { status, body } = await request(admin, at)
        return `${status} ${body.trim()}`
      }
      let ready = ""
      for (let i = 0; i < 500 && ready !== "200 ready"; i++) ready = await page("/readyz")
      assert.strictEqual(ready, "200 ready")
      const client = await connect(portOf(running) as number)
      client.socket.write("?")
      await until("it has begun", () => client.bytes() > 0)
      client.socket.pause()
      running.kill("SIGTERM")
      await until("it stops", () => running.stderr().includes("stopping"))
      assert.isBelow(client.bytes(), CHUNKS << 20)
      assert.strictEqual(await page("/readyz"), "503 not ready: stopping, sessions finish")
      assert.strictEqual(await page("/healthz"), "200 alive")
      client.socket.resume()
      await until("all is there", () => client.ended(), 240_000)
      client.socket.end()
      const { code, stderr } = await running.ended
      await server.stop()
      assert.strictEqual(client.bytes(), CHUNKS << 20)
      assert.strictEqual(client.digest(), wholeDigest())
      assert.strictEqual(code, 0, stderr)
      assert.include(stderr, "sessionsReset=0")
    }), DEEP ? 300_000 : 60_000)
})

describe("a port in use", () => {
  it("that the admin port needs makes the program exit 1, name it, and keep no listener", () =>
    inScratch(async (directory) => {
      const holder = await serve(() => {})
      const [web = 0] = await freePorts(1)
      const more = `admin: { listen: "127.0.0.1:${holder.port}" }`
      const file = writeConfig(directory, { candidates: [holder.port], more })
      fs.writeFileSync(file, fs.readFileSync(file, "utf8").replace("127.0.0.1:0", `127.0.0.1:${web}`))
      const { code, stderr } = await start(["run", "--config", file]).ended
      await holder.stop()
      assert.strictEqual(code, 1)
      assert.include(stderr, `listener admin: cannot listen on 127.0.0.1:${holder.port}: the port is in use`)
      const refused = await new Promise((resolve) => {
        net.connect(web, "127.0.0.1").once("error", resolve).once("connect", () => resolve(undefined))
      })
      assert.deepInclude(refused, { code: "ECONNREFUSED" })
    }))
})
