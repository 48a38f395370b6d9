/** A running service that is turned off and on, or whose candidates are all dead: what serves, and a fact for each step. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as net from "node:net"
import type { EventStream } from "../support/admin.ts"
import { openEvents, request } from "../support/admin.ts"
import type { Running } from "../support/command.ts"
import { inScratch, portOf, start, writeConfig } from "../support/command.ts"
import { dnsServer } from "../support/dnsServer.ts"
import { ask, named, until } from "../support/servers.ts"
import { freePorts } from "../support/freePorts.ts"
import { seriesOf } from "../support/telemetry.ts"

interface Service {
  readonly port: number
  readonly admin: number
  /** The steps of the ladder so far, as public facts tell them. */
  readonly steps: () => ReadonlyArray<string>
  readonly events: EventStream
  readonly isIn: (state: string) => Promise<void>
  /** The metrics once `holds` is true, or as they are at the end. */
  readonly series: (holds: (page: ReadonlyMap<string, number>) => boolean) => Promise<ReadonlyMap<string, number>>
}

const FAILED = 'fairlead_connections_total{listener="web",result="failed"}'

/** Runs the program with this configuration; it must exit with 0. */
const withService = (candidates: ReadonlyArray<number>, more: string, use: (service: Service) => Promise<void>) =>
  inScratch(async (directory) => {
    const [admin = 0] = await freePorts(1)
    const all = `admin: { listen: "127.0.0.1:${admin}" }\nshutdown: { drain: 100ms }\n${more}`
    const running: Running = start(["run", "--config", writeConfig(directory, { candidates, more: all })])
    await until("it listens", () => portOf(running) !== undefined)
    const events = await openEvents(admin, { "last-event-id": "0" })
    const steps = () =>
      events.facts().filter(({ kind }) => kind === "LadderStep").map(({ from, to, reason }) => `${from} > ${to}: ${reason}`)
    const state = async () => JSON.parse((await request(admin, "/status")).body).upstreams[0].state
    const isIn = async (wanted: string) => {
      const giveUp = performance.now() + 15_000
      let now = await state()
      for (; now !== wanted && performance.now() < giveUp; now = await state()) {
        await new Promise((resolve) => setTimeout(resolve, 10))
      }
      assert.strictEqual(now, wanted, running.stderr())
    }
    const series = async (holds: (page: ReadonlyMap<string, number>) => boolean) => {
      const giveUp = performance.now() + 15_000
      const read = async () => seriesOf((await request(admin, "/metrics")).body)
      let page = await read()
      // A client sees its end a moment before the core does.
      for (; !holds(page) && performance.now() < giveUp; page = await read()) {
        await new Promise((resolve) => setTimeout(resolve, 10))
      }
      return page
    }
    await use({ port: portOf(running) as number, admin, steps, events, isIn, series })
    events.stop()
    running.kill("SIGTERM")
    const { code, stderr } = await running.ended
    assert.strictEqual(code, 0, stderr)
  })

/** A server that answers with its name, at any address of this machine. */
const namedAt = (host: string, port: number, name: string) =>
  new Promise<{ readonly stop: () => Promise<void> }>((resolve, reject) => {
    const sockets = new Set<net.Socket>()
    const server = net.createServer((socket) => {
      sockets.add(socket.on("error", () => {}))
      socket.once("data", () => socket.end(name))
    })
    const stop = () =>
      new Promise<void>((stopped) => {
        server.close(() => stopped())
        for (const socket of sockets) socket.destroy()
      })
    server.once("error", reject).listen(port, host, () => resolve({ stop }))
  })

/** Runs clients one after the other until it is stopped, and gives their answers. */
function clients(port: number) {
  const answers: Array<string> = []
  let stopped = false
  const done = (async () => {
    while (!stopped) answers.push(await ask(port).catch((error: NodeJS.ErrnoException) => String(error.code)))
  })()
  return {
    more: () => {
      const before = answers.length
      return until("more clients were served", () => answers.length > before + 3)
    },
    stop: async () => {
      stopped = true
      await done
      return answers
    }
  }
}

const put = (admin: number, enabled: boolean) =>
  request(admin, "/enabled", { method: "PUT", body: JSON.stringify({ enabled }) })

const BREAKER = 'breaker: { failureThreshold: 2, cooldown: 200ms, maxCooldown: 200ms, ramp: 0ms }\npool: { mode: "off" }'
const resetOf = (port: number) => ask(port).catch((error: NodeJS.ErrnoException) => error.code)

describe("PUT /enabled", () => {
  it("off, on, and off until a reload: every client is served, and each step is a fact", async () => {
    const good = await named("good")
    await withService([good.port], "", async ({ port, admin, steps, events, isIn, series }) => {
      const flow = clients(port)
      await isIn("active")
      await flow.more()
      assert.deepStrictEqual((await put(admin, false)).status, 200)
      await isIn("disabled")
      await flow.more()
      assert.deepStrictEqual((await put(admin, true)).status, 200)
      await isIn("active")
      await flow.more()
      assert.deepStrictEqual((await put(admin, false)).status, 200)
      await isIn("disabled")
      assert.strictEqual((await request(admin, "/reload", { method: "POST" })).status, 200)
      await isIn("active")
      await flow.more()
      const answers = await flow.stop()
      assert.deepStrictEqual([...new Set(answers)], ["good"])
      const status = JSON.parse((await request(admin, "/status")).body)
      assert.deepInclude(status, { enabled: true, override: null })
      const cycle = ["active > disabled: disabled", "disabled > stale: expired", "stale > active: selected"]
      assert.deepStrictEqual(steps(), ["unranked > active: selected", ...cycle, ...cycle])
      const wishes = events.facts().filter(({ kind }) => kind === "EnabledChanged").map(({ enabled }) => enabled)
      assert.deepStrictEqual(wishes, [false, true, false, true])
      const disabled = 'ip_pool_fallback_total{reason="disabled"}'
      assert.isAbove((await series((page) => (page.get(disabled) ?? 0) > 3)).get(disabled) ?? 0, 3)
    })
    await good.stop()
  })
})

describe("a service with dead candidates alone", () => {
  it.live("with a host serves by the resolver's addresses, until a candidate answers and when that dies", () =>
    Effect.gen(function* () {
      const names: Record<string, ReadonlyArray<string>> = {}
      const dns = yield* dnsServer(names)
      yield* Effect.promise(async () => {
        const byName = await named("by name")
        const [dead = 0] = await freePorts(1)
        const more = `${BREAKER}\ndns: { servers: ["127.0.0.1:${dns.port}"] }
sources: { dns: false }
upstreams: { web: { host: web.example, port: ${byName.port}, candidates: ["127.0.0.2:${dead}"] } }`
        // With the dns source the resolved addresses would become candidates.
        await withService([], more, async ({ port, steps, isIn, series }) => {
          await isIn("system")
          names["web.example"] = ["127.0.0.1"]
          assert.strictEqual(await ask(port), "by name")
          const back = await namedAt("127.0.0.2", dead, "back")
          await isIn("active")
          assert.strictEqual(await ask(port), "back")
          await back.stop()
          await isIn("system")
          assert.strictEqual(await ask(port), "by name")
          const page = await series((page) => page.get('ip_pool_selection_total{source="system"}') === 2)
          assert.strictEqual(page.get('ip_pool_selection_total{source="system"}'), 2)
          assert.strictEqual(page.get('ip_pool_fallback_total{reason="system"}'), 2)
          assert.deepStrictEqual(steps(), ["system > active: selected", "active > system: shut"])
        })
        await byName.stop()
      })
    }).pipe(Effect.scoped))

  it("without a host resets clients, until a candidate answers and again when that dies", async () => {
    const [first = 0, second = 0] = await freePorts(2)
    await withService([first, second], BREAKER, async ({ port, steps, isIn, series }) => {
      await isIn("unranked")
      assert.strictEqual(await resetOf(port), "ECONNRESET")
      const server = await namedAt("127.0.0.1", second, "second")
      await isIn("active")
      assert.strictEqual(await ask(port), "second")
      await server.stop()
      await isIn("unranked")
      assert.strictEqual(await resetOf(port), "ECONNRESET")
      const page = await series((page) => page.get(FAILED) === 2)
      assert.strictEqual(page.get(FAILED), 2)
      assert.strictEqual(page.get('ip_pool_fallback_total{reason="unranked"}'), 2)
      assert.deepStrictEqual(steps(), ["unranked > active: selected", "active > unranked: shut"])
    })
  })
})
