/** A service whose host has no addresses: the log, `/status`, `/metrics` and facts report that, and its end. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { FairleadConfig } from "../../src/mod.ts"
import { Fairlead } from "../../src/mod.ts"
import { request } from "../support/admin.ts"
import { inScratch, portOf, start, writeConfig } from "../support/command.ts"
import { dnsServer } from "../support/dnsServer.ts"
import { ask, named, until } from "../support/servers.ts"
import { freePorts } from "../support/freePorts.ts"
import { seriesOf } from "../support/telemetry.ts"

const NAME = "gone.test"
const FAILED = 'fairlead_dns_failed_total{upstream="web",reason="ENOTFOUND"}'

const serverOf = Effect.acquireRelease(Effect.promise(() => named("good")), (server) => Effect.promise(() => server.stop()))
const failures = (port: number, times: number) =>
  Promise.all(Array.from({ length: times }, () => ask(port).catch((error: NodeJS.ErrnoException) => error.code)))

describe("a host without addresses", () => {
  it.live(
    "is logged once, counted in /status and /metrics with every query, and its end is logged",
    () =>
      Effect.gen(function* () {
        const names: Record<string, ReadonlyArray<string>> = {}
        const { port: at } = yield* serverOf
        const dns = yield* dnsServer(names)
        yield* Effect.promise(() =>
          inScratch(async (directory) => {
            const [admin = 0] = await freePorts(1)
            const more = `admin: { listen: "127.0.0.1:${admin}" }
shutdown: { drain: 100ms }
dns: { servers: ["127.0.0.1:${dns.port}"], refresh: 1s }
upstreams: { web: { host: ${NAME}, port: ${at} } }`
            const running = start(["run", "--config", writeConfig(directory, { candidates: [], more })])
            const troubleOf = async () => JSON.parse((await request(admin, "/status")).body).upstreams[0].dns
            const failed = async () => seriesOf((await request(admin, "/metrics")).body).get(FAILED) ?? 0
            const lines = (text: string) => running.stderr().split("\n").filter((line) => line.includes(text))
            try {
              await until("it listens", () => portOf(running) !== undefined)
              const port = portOf(running) as number
              for (let i = 0; i < 3; i++) assert.deepStrictEqual(await failures(port, 1), ["ECONNRESET"])
              await until("it is in the log", () => lines("has no addresses").length > 0)
              const trouble = await troubleOf()
              assert.strictEqual(trouble.reason, "ENOTFOUND")
              // One query of the core, and one for each client.
              assert.isAtLeast(trouble.times, 4)
              assert.isAtMost(Date.parse(trouble.since), Date.parse(trouble.lastAt))
              assert.isAtLeast(await failed(), 4)
              const [line = "", ...others] = lines("has no addresses")
              assert.deepStrictEqual(others, [])
              assert.match(line, /warn/i)
              assert.match(line, /upstream=web/)
              assert.match(line, /reason=ENOTFOUND/)
              names[NAME] = ["127.0.0.1"]
              assert.strictEqual(await ask(port), "good")
              await until("the end is in the log", () => lines("has addresses again").length > 0)
              assert.isNull(await troubleOf())
              assert.isAtLeast(await failed(), 4)
            } finally {
              running.kill("SIGTERM")
              await running.ended
            }
          })
        )
      }).pipe(Effect.scoped),
    30_000
  )

  it.live("is reported again after `dns.tellAgain`, with the number of queries until then", () => {
    /** What was reported by the time of so many queries. */
    const toldBy = (tellAgain: string, questions: number) =>
      Effect.gen(function* () {
        const dns = yield* dnsServer({})
        const config: FairleadConfig = {
          dns: { servers: [`127.0.0.1:${dns.port}`], refresh: "1s", tellAgain },
          upstreams: { web: { host: NAME, port: 9 } }
        }
        return yield* Effect.gen(function* () {
          const { facts, status } = yield* Fairlead
          const told: Array<{ readonly reason: string; readonly times: number }> = []
          const take = Stream.runForEach(facts, (fact) =>
            Effect.sync(() => fact.kind === "NameUnresolved" ? void told.push(fact) : undefined))
          yield* Effect.forkScoped(take)
          const times = () =>
            Effect.runSync(status).upstreams[0]?.dns?.times ?? 0
          yield* Effect.promise(() => until("there were so many queries", () => times() >= questions, 20_000))
          return told.map(({ reason, times }) => ({ reason, times }))
        }).pipe(Effect.provide(Fairlead.layer(config)))
      }).pipe(Effect.scoped)
    return Effect.gen(function* () {
      const [rarely, often] = yield* Effect.all([toldBy("1h", 4), toldBy("1500ms", 4)], { concurrency: "unbounded" })
      assert.deepStrictEqual(rarely, [{ reason: "ENOTFOUND", times: 1 }])
      assert.deepStrictEqual(often?.[0], { reason: "ENOTFOUND", times: 1 })
      assert.isAbove(often?.length ?? 0, 1)
      assert.isAbove(often?.[1]?.times ?? 0, 1)
    })
  }, 30_000)

  it.live("that is on demand is reported without its name", () =>
    Effect.gen(function* () {
      const dns = yield* dnsServer({})
      const config: FairleadConfig = { dns: { servers: [`127.0.0.1:${dns.port}`] } }
      yield* Effect.gen(function* () {
        const { connect, facts, status } = yield* Fairlead
        const told: Array<string> = []
        yield* Effect.forkScoped(Stream.runForEach(facts, (fact) => Effect.sync(() => void told.push(JSON.stringify(fact)))))
        yield* Effect.flip(connect(NAME, 80))
        yield* Effect.promise(() => until("told", () => told.some((fact) => fact.includes("NameUnresolved"))))
        assert.deepStrictEqual(told.filter((fact) => fact.includes(NAME)), [])
        assert.include(told.find((fact) => fact.includes("NameUnresolved")), '"upstream":"on-demand"')
        assert.strictEqual((yield* status).upstreams[0]?.dns?.reason, "ENOTFOUND")
      }).pipe(Effect.provide(Fairlead.layer(config)))
    }).pipe(Effect.scoped))
})
