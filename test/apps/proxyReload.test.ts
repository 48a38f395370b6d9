/** Rules of a proxy port that change while a client is served: it stays, and the next client meets the new rules. */
import { Buffer } from "node:buffer"
import * as fs from "node:fs"
import * as path from "node:path"
import { assert, it } from "vitest"
import { inScratch, portOf, start } from "../support/command.ts"
import { connectTo, lasted, leaving, statusOf, withEcho } from "../support/entries.ts"
import { until } from "../support/servers.ts"
import type { Json } from "./keys/Row.ts"
import { client } from "./keys/service.ts"

/** A client that sends part of a request is cut off before the default limit of ten seconds. */
const SOON_MS = 5_000

it(
  "a changed rule of a proxy port ends no session, and holds for the next client",
  () =>
    withEcho((echo) =>
      inScratch(async (directory) => {
        const file = path.join(directory, "fairlead.json")
        const write = (own: Json) => {
          const listener = { name: "p", listen: "127.0.0.1:0", protocol: "proxy", allow: ["*:*"], ...own }
          const off = { admin: { listen: "off" }, history: { path: "none" }, eventLog: { path: "none" } }
          fs.writeFileSync(`${file}.new`, JSON.stringify({ listeners: [listener], shutdown: { drain: "100ms" }, ...off }))
          fs.renameSync(`${file}.new`, file)
        }
        write({})
        const running = start(["run", "--config", file])
        await until("it listens", () => portOf(running) !== undefined)
        const port = portOf(running) as number
        const target = `127.0.0.1:${echo.port}`
        const session = await leaving(port)
        session.socket.write(connectTo(target))
        await until("it has its tunnel", () => session.heard().includes("\r\n\r\n"))

        let changes = 0
        const changed = async (own: Json) => {
          write(own)
          changes++
          const reloads = () => running.stderr().split("configuration reloaded").length - 1
          await until(`it is applied: ${JSON.stringify(own)}`, () => reloads() === changes)
          session.socket.write(`through ${changes}`)
          await until("the session goes on", () => session.heard().endsWith(`through ${changes}`))
        }
        const status = (headers = "") => statusOf(port, connectTo(target, headers))
        const long = `X: ${"a".repeat(4_000)}\r\n`
        const ann = `Proxy-Authorization: Basic ${Buffer.from("ann:s3cr3t").toString("base64")}\r\n`

        assert.deepStrictEqual([await status(), await status(long)], [200, 200])
        await changed({ allow: ["*:443"] })
        assert.strictEqual(await status(), 403)
        await changed({ users: { ann: "s3cr3t" } })
        assert.deepStrictEqual([await status(), await status(ann)], [407, 200])
        await changed({ clients: ["198.18.0.0/15"] })
        assert.strictEqual(await status(), 0)
        await changed({ privateTargets: false })
        assert.strictEqual(await status(), 403)
        await changed({ handshake: { maxBytes: "1KiB", timeout: "200ms" } })
        assert.deepStrictEqual([await status(), await status(long)], [200, 431])
        const { socket } = await client(port)
        socket.write("CONN")
        assert.isBelow(await lasted(socket), SOON_MS)
        await changed({})
        assert.deepStrictEqual([await status(), await status(long)], [200, 200])

        session.socket.destroy()
        running.kill("SIGTERM")
        assert.strictEqual((await running.ended).code, 0, running.stderr())
      })
    ),
  60_000
)
