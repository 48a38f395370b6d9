/** A service under load that is reloaded and turned off meanwhile: its metrics and traces equal what clients counted. */
import { assert, describe, it } from "vitest"
import * as fs from "node:fs"
import * as net from "node:net"
import process from "node:process"
import { openEvents, request } from "../support/admin.ts"
import { inScratch, portOf, start, writeConfig } from "../support/command.ts"
import { serve, until } from "../support/servers.ts"
import { connect } from "../support/sockets.ts"
import { freePorts } from "../support/freePorts.ts"
import { fakeCollector, seriesOf, sumOf } from "../support/telemetry.ts"

const DEEP = process.env["FAIRLEAD_DEEP"] !== undefined
/** The length of the single session. */
const SESSION_MS = DEEP ? 600_000 : 1_500

/** Clients of an echo server through `port`, and what they counted. */
class Load {
  readonly #port: number
  clients = 0
  up = 0
  down = 0

  constructor(port: number) {
    this.#port = port
  }

  async wave(count: number): Promise<void> {
    await Promise.all(Array.from({ length: count }, (_, i) => this.#one(1 + (this.clients + i) * 7_919 % 40_000)))
    this.clients += count
  }

  #one(size: number): Promise<void> {
    return new Promise((resolve, reject) => {
      let got = 0
      const socket = net.connect({ port: this.#port, host: "127.0.0.1" }, () => socket.write(new Uint8Array(size)))
      socket.on("data", (chunk) => {
        got += chunk.length
        this.down += chunk.length
        if (got === size) socket.end()
      })
      socket.on("error", reject)
      socket.on("close", () => resolve(void (this.up += size)))
    })
  }
}

describe("a service under load", () => {
  it(
    "counts every client once, through a good and a broken reload and while it is off",
    () =>
      inScratch(async (directory) => {
        const servers = await Promise.all([1, 2].map(() => serve((socket) => socket.pipe(socket))))
        const collector = await fakeCollector()
        const [admin = 0] = await freePorts(1)
        const more = `admin: { listen: "127.0.0.1:${admin}" }\ntelemetry: { otlp: { endpoint: "${collector.url}" } }`
        const file = writeConfig(directory, { candidates: [servers[0]!.port], more })
        const running = start(["run", "--config", file])
        await until("it listens", () => portOf(running) !== undefined)
        const events = await openEvents(admin, { "last-event-id": "0" })
        const load = new Load(portOf(running) as number)
        const during = async (change: () => Promise<number>): Promise<number> => {
          const wave = load.wave(60)
          const status = await change()
          await wave
          await load.wave(20)
          return status
        }
        const order = (path: string, method: string, body?: string) => async () =>
          (await request(admin, path, body === undefined ? { method } : { method, body })).status
        const good = fs.readFileSync(file, "utf8")
        await load.wave(40)
        const both = servers.map(({ port }) => `"127.0.0.1:${port}"`).join(", ")
        fs.writeFileSync(file, good.replace(/candidates: \[[^\]]*\]/, `candidates: [${both}]`))
        assert.strictEqual(await during(order("/reload", "POST")), 200)
        assert.strictEqual(await during(order("/enabled", "PUT", '{"enabled":false}')), 200)
        assert.strictEqual(await during(order("/enabled", "PUT", '{"enabled":true}')), 200)
        fs.writeFileSync(file, `${good}\nattempts: 0\n`)
        assert.strictEqual(await during(order("/reload", "POST")), 422)
        let page = ""
        const giveUp = performance.now() + 10_000
        while (sumOf(page, "fairlead_connections_total{") < load.clients && performance.now() < giveUp) {
          page = (await request(admin, "/metrics")).body
        }
        const of = (name: string) => seriesOf(page).get(name)
        assert.strictEqual(of('fairlead_connections_total{listener="web",result="done"}'), load.clients)
        assert.strictEqual(sumOf(page, "fairlead_connections_total{"), load.clients)
        assert.strictEqual(of('fairlead_connections_active{listener="web"}'), 0)
        assert.strictEqual(of('fairlead_bytes_total{listener="web",direction="up"}'), load.up)
        assert.strictEqual(of('fairlead_bytes_total{listener="web",direction="down"}'), load.down)
        assert.strictEqual(sumOf(page, "ip_pool_selection_total{"), load.clients)
        assert.strictEqual(
          sumOf(page, "fairlead_pool_hits_total{") + sumOf(page, "fairlead_pool_misses_total{"),
          load.clients
        )
        assert.strictEqual(of('fairlead_first_byte_seconds_count{listener="web"}'), load.clients)
        assert.isAtLeast(of('ip_pool_fallback_total{reason="disabled"}') ?? 0, 20)
        // The file watch may have reloaded the good file before the order came.
        assert.isAtLeast(of('fairlead_reload_total{result="applied"}') ?? 0, 1)
        assert.isAtLeast(of('fairlead_reload_total{result="refused"}') ?? 0, 1)
        const updates = (applied: boolean) =>
          events.facts().filter((fact) => fact["kind"] === "IpPoolConfigUpdate" && fact["applied"] === applied).length
        const told = (result: string) => of(`fairlead_reload_total{result="${result}"}`)
        await until("both are facts, too", () => updates(true) === told("applied") && updates(false) === told("refused"))
        const numbers = events.facts().map(({ seq }) => seq)
        assert.deepStrictEqual(numbers, numbers.map((_, i) => i + 1))
        events.stop()
        running.kill("SIGTERM")
        const { code, stderr } = await running.ended
        assert.strictEqual(code, 0, stderr)
        const spans = collector.spans().map(({ name }) => name)
        const count = (name: string) => spans.filter((one) => one === `fairlead.${name}`).length
        assert.strictEqual(count("connection"), load.clients)
        assert.strictEqual(count("relay"), load.clients)
        assert.strictEqual(count("reload"), updates(true) + updates(false))
        assert.strictEqual(count("preheat"), events.facts().filter(({ kind }) => kind === "IpPoolPreheatCompleted").length)
        await Promise.all([collector.stop(), ...servers.map((server) => server.stop())])
      }),
    60_000
  )

  it(
    `keeps one session for ${SESSION_MS / 1000} s through a broken and a good file, each reported within 5 s`,
    () =>
      inScratch(async (directory) => {
        const echo = await serve((socket) => socket.pipe(socket))
        const other = await serve((socket) => socket.pipe(socket))
        const file = writeConfig(directory, { candidates: [echo.port] })
        const running = start(["run", "--config", file])
        await until("it listens", () => portOf(running) !== undefined)
        const session = await connect(portOf(running) as number)
        let sent = 0
        const talk = async (untilMs: number) => {
          do {
            session.socket.write("x")
            sent++
            await until("the echo", () => session.bytes() === sent)
            await new Promise((resolve) => setTimeout(resolve, 100))
          } while (performance.now() < untilMs)
        }
        const beganMs = performance.now()
        const good = fs.readFileSync(file, "utf8")
        await talk(beganMs + SESSION_MS / 3)
        fs.writeFileSync(file, `${good}\nattempts: 0\n`)
        await until("the broken one is refused", () => running.stderr().includes("the one before stays in force"), 5_000)
        await talk(beganMs + 2 * SESSION_MS / 3)
        fs.writeFileSync(file, good.replace(`127.0.0.1:${echo.port}`, `127.0.0.1:${other.port}`))
        await until("the good one is applied", () => running.stderr().includes("configuration reloaded"), 5_000)
        await talk(beganMs + SESSION_MS)
        assert.strictEqual(other.connections() > 0 && echo.connections() > 0, true)
        session.socket.end()
        await until("it ends with FIN", () => session.ended())
        running.kill("SIGTERM")
        const { code, stderr } = await running.ended
        assert.strictEqual(code, 0, stderr)
        assert.isUndefined(session.error())
        await Promise.all([echo.stop(), other.stop()])
      }),
    SESSION_MS + 60_000
  )
})
