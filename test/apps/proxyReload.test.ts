/** Rules of a port that change while a client is served: its session stays, and whatever is asked for next meets the new rules. */
import { Buffer } from "node:buffer"
import * as fs from "node:fs"
import * as path from "node:path"
import { assert, it } from "vitest"
import { inScratch, portOf, start } from "../support/command.ts"
import { collecting, comesBack, connectTo, hello, lasted, leaving, statusOf, withEcho } from "../support/entries.ts"
import { until } from "../support/servers.ts"
import type { Json } from "./keys/Row.ts"
import { client } from "./keys/service.ts"

/** A client that sends part of a request is cut off before the default limit of ten seconds. */
const SOON_MS = 5_000

const OFF = { admin: { listen: "off" }, history: { path: "none" }, eventLog: { path: "none" } }

/** A service with one listener, of which a change is written and waited for. */
const reloading = (
  first: Json,
  use: (port: number, changed: (own: Json) => Promise<void>) => Promise<void>,
  rest: Json = {}
) =>
  inScratch(async (directory) => {
    const file = path.join(directory, "fairlead.json")
    const write = (own: Json) => {
      const listeners = [{ name: "p", listen: "127.0.0.1:0", protocol: "proxy", ...first, ...own }]
      fs.writeFileSync(`${file}.new`, JSON.stringify({ listeners, shutdown: { drain: "100ms" }, ...OFF, ...rest }))
      fs.renameSync(`${file}.new`, file)
    }
    write({})
    const running = start(["run", "--config", file])
    await until("it listens", () => portOf(running) !== undefined)
    let changes = 0
    await use(portOf(running) as number, async (own) => {
      write(own)
      changes++
      const reloads = () => running.stderr().split("configuration reloaded").length - 1
      await until(`it is applied: ${JSON.stringify(own)}`, () => reloads() === changes)
    })
    running.kill("SIGTERM")
    assert.strictEqual((await running.ended).code, 0, running.stderr())
  })

it(
  "each request on a client's kept connection meets the rules that are in force then",
  async () => {
    const [one, other] = [await collecting(), await collecting()]
    await reloading({ allow: ["*:*"] }, async (port, changed) => {
      const asked = (to: { readonly port: number }, headers = "") =>
        `GET http://127.0.0.1:${to.port}/ HTTP/1.1\r\nHost: 127.0.0.1:${to.port}\r\n${headers}\r\n`
      const kept = await leaving(port)
      const answers = () => [...kept.heard().matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status))
      const next = async (request: string) => {
        const before = answers().length
        kept.socket.write(request)
        await until("an answer", () => answers().length > before || kept.closed())
        return answers()[before]
      }
      const ann = `Proxy-Authorization: Basic ${Buffer.from("ann:s3cr3t").toString("base64")}\r\n`
      assert.deepStrictEqual([await next(asked(one)), await next(asked(other))], [204, 204])
      await changed({ allow: [`*:${one.port}`] })
      assert.deepStrictEqual([await next(asked(one)), await next(asked(other))], [204, 403])
      await changed({ users: { ann: "s3cr3t" } })
      assert.deepStrictEqual([await next(asked(one)), await next(asked(other, ann))], [407, 204])
      await changed({ privateTargets: false })
      assert.strictEqual(await next(asked(one)), 403)
      await changed({ clients: ["198.18.0.0/15"] })
      assert.strictEqual(await next(asked(one)), 403)
      await until("the connection is closed", () => kept.closed())
    })
    await Promise.all([one.stop(), other.stop()])
  },
  60_000
)

it(
  "a reload routes the next server name anew, and leaves the session of the one before",
  () =>
    withEcho((echo) => {
      const upstreams = (...hosts: ReadonlyArray<string>) =>
        Object.fromEntries(hosts.map((host, i) => [`u${i}`, { host, port: 443, candidates: [`127.0.0.1:${echo.port}`] }]))
      const quiet = { onDemand: { enabled: false }, sources: { dns: false }, probing: { mode: "tcp" } }
      const rest = { upstreams: upstreams("a.example", "b.example"), ...quiet }
      const sni = { protocol: "sni", allow: ["*:443"] }
      return reloading(sni, async (port, changed) => {
        const session = await leaving(port)
        session.socket.write(hello("a.example"))
        await until("its ClientHello is back", () => session.heard().length > 0)
        const routed = async () => [
          await comesBack(port, hello("a.example")),
          await comesBack(port, hello("b.example")),
          await comesBack(port, hello(""))
        ]
        assert.deepStrictEqual(await routed(), [true, true, false])
        await changed({ allow: ["b.example:443"], sni: { unnamed: "u1" } })
        assert.deepStrictEqual(await routed(), [false, true, true])
        await changed({ clients: ["198.18.0.0/15"] })
        assert.deepStrictEqual(await routed(), [false, false, false])
        session.socket.write("goes on")
        await until("the session goes on", () => session.heard().endsWith("goes on"))
        session.socket.destroy()
      }, rest)
    }),
  60_000
)

it(
  "a changed rule of a proxy port ends no session, and holds for the next client",
  () =>
    withEcho((echo) =>
      reloading({ allow: ["*:*"] }, async (port, reload) => {
        const target = `127.0.0.1:${echo.port}`
        const session = await leaving(port)
        session.socket.write(connectTo(target))
        await until("it has its tunnel", () => session.heard().includes("\r\n\r\n"))
        let changes = 0
        const changed = async (own: Json) => {
          await reload(own)
          session.socket.write(`through ${++changes}`)
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
      })
    ),
  60_000
)
