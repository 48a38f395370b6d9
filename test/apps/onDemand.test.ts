/** Hosts that are not configured, over real sockets and a real resolver: discovered on first use, kept while used. */
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as dgram from "node:dgram"
import type { Socket } from "node:net"
import * as net from "node:net"
import * as fsp from "node:fs/promises"
import * as path from "node:path"
import { gunzipSync } from "node:zlib"
import { text } from "node:stream/consumers"
import { actsOn } from "../../src/apps/control.ts"
import type { ClientAccepted } from "../../src/core/model/Event.ts"
import type { FairleadConfig } from "../../src/mod.ts"
import { ConnectError, Fairlead } from "../../src/mod.ts"
import { blackHole } from "../support/blackHole.ts"
import { command, inScratch } from "../support/command.ts"
import { dnsServer } from "../support/dnsServer.ts"
import { configWith } from "../support/config.ts"
import { ask, named, until } from "../support/servers.ts"
import { Simulation } from "../../src/sim/Simulation.ts"

const NAME = "svc.example"
/** A first round ends after one interval, whatever has answered: long enough for slow machines. */
const LONG_ROUND = { interval: "20s" }
const quick = { probing: { interval: "100ms" }, selector: { evaluationInterval: "20ms" } } satisfies FairleadConfig

const serverOf = (name: string) =>
  Effect.acquireRelease(Effect.promise(() => named(name)), (server) => Effect.promise(() => server.stop()))

/** A server on another loopback address, at a port that 127.0.0.1 uses for something else. */
const elsewhere = (host: string, port: number) =>
  Effect.acquireRelease(
    Effect.promise(() =>
      new Promise<net.Server>((resolve) => {
        const server = net.createServer((socket) => socket.on("error", () => {}).on("data", () => socket.end("good")))
        server.listen(port, host, () => resolve(server))
      })
    ),
    (server) => Effect.sync(() => server.close())
  )

const said = (socket: Socket) => Effect.promise(() => text(socket.end("?")))
const talk = (host: string, port: number) =>
  Effect.gen(function* () {
    const { connect } = yield* Fairlead
    return yield* said(yield* connect(host, port))
  })

/** The facts that have come so far. */
const collecting = Effect.gen(function* () {
  const { facts } = yield* Fairlead
  const seen: Array<{ readonly kind: string; readonly reason?: unknown }> = []
  yield* Effect.forkScoped(Stream.runForEach(facts, (fact) => Effect.sync(() => void seen.push(fact))))
  return seen
})
const samplings = (facts: ReadonlyArray<{ readonly kind: string; readonly reason?: unknown }>) =>
  facts.filter(({ kind, reason }) => kind === "IpPoolRefresh" && reason !== "preheat").map(({ reason }) => reason)

const upstreamsOf = Effect.flatMap(Effect.map(Fairlead, ({ status }) => status), Effect.map(({ upstreams }) => upstreams))

const eventually = (what: string, holds: Effect.Effect<boolean, never, Fairlead>) =>
  Effect.flatMap(Effect.context<Fairlead>(), (context) => {
    const now = Effect.provide(holds, context)
    return Effect.promise(() => until(what, () => Effect.runSync(now)))
  })

const resolver = (names: Readonly<Record<string, ReadonlyArray<string>>>) =>
  Effect.map(dnsServer(names), (dns) => ({ ...dns, config: { dns: { servers: [`127.0.0.1:${dns.port}`] } } }))

/** The accepted clients in the record of a directory. */
async function clientsIn(directory: string): Promise<ReadonlyArray<ClientAccepted>> {
  const found: Array<ClientAccepted> = []
  for (const name of (await fsp.readdir(directory)).filter((name) => name.includes(".ndjson")).toSorted()) {
    const bytes = await fsp.readFile(path.join(directory, name))
    for (const line of (name.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString().split("\n")) {
      const entry = line === "" ? undefined : JSON.parse(line)
      if (entry?.event?._tag === "ClientAccepted") found.push(entry.event)
    }
  }
  return found
}

describe("a host that is not configured", () => {
  it.live("is discovered once for 200 clients at once, and all are served", () =>
    Effect.gen(function* () {
      const server = yield* serverOf("found")
      const dns = yield* resolver({ [NAME]: ["127.0.0.1"] })
      yield* Effect.gen(function* () {
        const facts = yield* collecting
        // A slow burst may look like an outage of the only address, and then its name is queried anew: counted is what the clients' wait took.
        let queries = -1
        const counted = Effect.sync(() => void (queries = queries < 0 ? dns.asked() : queries))
        const clients = Array.from({ length: 200 }, () => Effect.tap(talk(NAME, server.port), counted))
        const answers = yield* Effect.all(clients, { concurrency: "unbounded" })
        assert.deepStrictEqual([...new Set(answers)], ["found"])
        // One DNS query for each address family.
        assert.isAtLeast(queries, 1)
        assert.isAtMost(queries, 2)
        assert.deepStrictEqual(samplings(facts), ["first-use"])
        const [found] = yield* upstreamsOf
        assert.deepInclude(found, { name: `${NAME}:${server.port}`, host: NAME, state: "active" })
        assert.match(found?.candidates[0]?.id ?? "", /^on-demand#\d+$/)
        assert.isTrue(facts.every((fact) => !JSON.stringify(fact).includes(NAME)))
      }).pipe(Effect.scoped, Effect.provide(Fairlead.layer({ ...quick, ...dns.config })))
    }).pipe(Effect.scoped))

  it.live("with a silent and a good address costs at most 300 ms more than the good one", () =>
    Effect.gen(function* () {
      const port = yield* blackHole
      yield* elsewhere("127.0.0.2", port)
      const names = ["a", "b", "c"].map((one) => `${one}.example`)
      const both = Object.fromEntries(names.map((name) => [name, ["127.0.0.1", "127.0.0.2"]]))
      const alone = Object.fromEntries(names.map((name) => [`good-${name}`, ["127.0.0.2"]]))
      const dns = yield* resolver({ ...both, ...alone })
      yield* Effect.gen(function* () {
        const least = Effect.fnUntraced(function* (all: ReadonlyArray<string>) {
          let leastMs = Number.POSITIVE_INFINITY
          for (const name of all) {
            const from = performance.now()
            const socket = yield* (yield* Fairlead).connect(name, port)
            leastMs = Math.min(leastMs, performance.now() - from)
            assert.strictEqual(yield* said(socket), "good")
          }
          return leastMs
        })
        const goodMs = yield* least(names.map((name) => `good-${name}`))
        const mixedMs = yield* least(names)
        assert.isBelow(mixedMs - goodMs, 300)
        // The silent address did cost time.
        assert.isAbove(mixedMs - goodMs, 150)
      }).pipe(Effect.provide(Fairlead.layer({ ...dns.config, probing: { interval: "1h" } })))
    }).pipe(Effect.scoped), 30_000)

  it.live("is not sampled again by a second use, but by the first use after its samples have expired", () =>
    Effect.gen(function* () {
      const server = yield* serverOf("found")
      const dns = yield* resolver({ [NAME]: ["127.0.0.1"] })
      const config: FairleadConfig = {
        ...dns.config,
        pool: { mode: "off" },
        onDemand: { usedWithin: "0ms" },
        cache: { scoreTtl: "1s", minTtl: "0ms" }
      }
      yield* Effect.gen(function* () {
        const facts = yield* collecting
        yield* talk(NAME, server.port)
        const asked = dns.asked()
        yield* talk(NAME, server.port)
        assert.deepStrictEqual([samplings(facts), dns.asked()], [["first-use"], asked])
        yield* eventually("it expired", Effect.map(upstreamsOf, ([one]) => one?.state === "stale"))
        yield* talk(NAME, server.port)
        yield* eventually("it was sampled anew", Effect.sync(() => samplings(facts).length === 2))
        assert.isAbove(dns.asked(), asked)
      }).pipe(Effect.scoped, Effect.provide(Fairlead.layer(config)))
    }).pipe(Effect.scoped))

  it.live("with an address that refuses, or with none, fails its clients with ConnectError", () =>
    Effect.gen(function* () {
      const dns = yield* resolver({ [NAME]: ["127.0.0.1"] })
      const server = yield* serverOf("gone")
      yield* Effect.promise(() => server.stop())
      yield* Effect.gen(function* () {
        const { connect } = yield* Fairlead
        const failed = yield* Effect.flip(connect(NAME, server.port))
        assert.instanceOf(failed, ConnectError)
        assert.deepInclude(failed, { upstream: `${NAME}:${server.port}`, reason: "unreachable" })
        const unknown = yield* Effect.flip(connect("nobody.example", 443))
        assert.instanceOf(unknown, ConnectError)
      }).pipe(Effect.provide(Fairlead.layer({ ...quick, ...dns.config })))
    }).pipe(Effect.scoped))

  it.live(
    "with a discovery longer than singleFlightTimeout is served by the resolver's addresses, on rung system",
    () =>
      Effect.promise(() =>
        inScratch(async (directory) => {
          const served = Effect.gen(function* () {
            const port = yield* blackHole
            yield* elsewhere("127.0.0.2", port)
            const dns = yield* resolver({ [NAME]: ["127.0.0.1", "127.0.0.2"] })
            return yield* Effect.gen(function* () {
              const { connect } = yield* Fairlead
              const from = performance.now()
              const connecting = yield* Effect.forkChild(connect(NAME, port))
              const rungs = new Set<string>()
              yield* eventually(
                "it is served",
                Effect.map(upstreamsOf, ([one]) => {
                  if (connecting.pollUnsafe() === undefined && one !== undefined) rungs.add(one.state)
                  return connecting.pollUnsafe() !== undefined
                })
              )
              const waitedMs = performance.now() - from
              return { waitedMs, rungs: [...rungs], answer: yield* said(yield* Fiber.join(connecting)) }
            }).pipe(Effect.provide(Fairlead.layer({
              ...dns.config,
              eventLog: { path: directory },
              // Only one address races, the silent one.
              onDemand: { singleFlightTimeout: "400ms", raceAddresses: 1 },
              dial: { timeout: "5s", deadline: "3s", raceDelay: "100ms" }
            })))
          }).pipe(Effect.scoped)
          const { waitedMs, rungs, answer } = await Effect.runPromise(served)
          assert.strictEqual(answer, "good")
          assert.deepStrictEqual(rungs, ["system"])
          assert.isAtLeast(waitedMs, 400)
          assert.isBelow(waitedMs, 2_500)
          const [client, ...more] = await clientsIn(directory)
          assert.deepStrictEqual(more, [])
          // No member was chosen, and no socket of the race was taken.
          assert.deepInclude(client, { chosen: "none", why: "unranked", warm: 0 })
          assert.deepStrictEqual(client?.tried.map(({ outcome }) => outcome).toSorted(), ["cancelled", "connected"])
        })
      ),
    30_000
  )

  it.live(
    "with a silent address keeps its clients waiting for singleFlightTimeout at most",
    () =>
      Effect.gen(function* () {
        const waitedMs = (singleFlightTimeout: string) =>
          Effect.gen(function* () {
            const port = yield* blackHole
            const dns = yield* resolver({ [NAME]: ["127.0.0.1"] })
            return yield* Effect.gen(function* () {
              const from = performance.now()
              yield* Effect.flip(Effect.flatMap(Fairlead, ({ connect }) => connect(NAME, port)))
              return performance.now() - from
            }).pipe(Effect.provide(Fairlead.layer({
              ...dns.config,
              dial: { timeout: "5s", deadline: "1s" },
              onDemand: { singleFlightTimeout }
            })))
          }).pipe(Effect.scoped)
        const shortMs = yield* waitedMs("100ms")
        const longMs = yield* waitedMs("10s")
        // After the wait comes a last attempt of a second; the race itself takes no longer than a dial may.
        assert.isAbove(longMs - shortMs, 600)
        assert.isBelow(longMs, 4_000)
      }),
    30_000
  )

  it.live("may be an address, which needs no DNS query", () =>
    Effect.gen(function* () {
      const server = yield* serverOf("found")
      const dns = yield* resolver({})
      yield* Effect.gen(function* () {
        assert.strictEqual(yield* talk("127.0.0.1", server.port), "found")
        assert.deepStrictEqual([dns.asked(), (yield* upstreamsOf).map(({ name }) => name)], [0, [
          `127.0.0.1:${server.port}`
        ]])
      }).pipe(Effect.provide(Fairlead.layer({ ...quick, ...dns.config })))
    }).pipe(Effect.scoped))

  it.live("can be picked by a program that dials by itself, and refreshed by name", () =>
    Effect.gen(function* () {
      const server = yield* serverOf("found")
      const dns = yield* resolver({ [NAME]: ["127.0.0.1"] })
      yield* Effect.gen(function* () {
        const { pick, refresh } = yield* Fairlead
        const facts = yield* collecting
        const chosen = yield* pick(NAME, server.port)
        assert.deepInclude(chosen, {
          upstream: `${NAME}:${server.port}`,
          address: { host: "127.0.0.1", port: server.port },
          state: "active"
        })
        yield* refresh(NAME.toUpperCase(), server.port)
        yield* eventually("it is refreshed", Effect.sync(() => samplings(facts).includes("requested")))
        yield* Effect.flip(refresh("never.asked", 443))
      }).pipe(Effect.scoped, Effect.provide(Fairlead.layer({ ...quick, ...dns.config })))
    }).pipe(Effect.scoped))

  it.live("replaces the least recently used host: of 300 hosts 16 are kept", () =>
    Effect.gen(function* () {
      const server = yield* serverOf("found")
      const any = new Proxy({}, { get: () => ["127.0.0.1"] })
      const dns = yield* resolver(any)
      const config: FairleadConfig = {
        ...dns.config,
        cache: { maxEntries: 16 },
        limits: { factsPerSecond: 100_000, factsKept: 65_536 },
        preheatDomains: [`kept.example:${server.port}`]
      }
      yield* Effect.gen(function* () {
        const facts = yield* collecting
        for (let i = 0; i < 300; i++) assert.strictEqual(yield* talk(`n${i}.example`, server.port), "found")
        const names = (yield* upstreamsOf).map(({ name }) => name)
        assert.strictEqual(names.length, 1 + 16)
        assert.include(names, `kept.example:${server.port}`)
        assert.include(names, `n299.example:${server.port}`)
        const dropped = () => facts.filter(({ kind, reason }) => kind === "OnDemandDropped" && reason === "limit").length
        yield* eventually("all are told", Effect.sync(() => dropped() === 300 - 16))
      }).pipe(Effect.scoped, Effect.provide(Fairlead.layer(config)))
    }).pipe(Effect.scoped), 60_000)

  it.live("is in a record that replays, also redacted", () =>
    Effect.promise(() =>
      inScratch(async (directory) => {
        const log = path.join(directory, "log")
        await Effect.runPromise(
          Effect.gen(function* () {
            const server = yield* serverOf("found")
            const any = new Proxy({}, { get: () => ["127.0.0.1", "127.0.0.3"] })
            const dns = yield* resolver(any)
            const config: FairleadConfig = {
              ...quick,
              ...dns.config,
              eventLog: { path: log, segmentBytes: "8KiB", segments: 1000 },
              cache: { maxEntries: 4 }
            }
            yield* Effect.gen(function* () {
              for (let i = 0; i < 20; i++) yield* talk(`n${i % 7}.example`, server.port)
            }).pipe(Effect.provide(Fairlead.layer(config)))
          }).pipe(Effect.scoped)
        )
        // A header has only those settings of a host that are its own.
        const segments = (await fsp.readdir(log)).filter((name) => name.endsWith(".gz")).toSorted()
        const opening = gunzipSync(await fsp.readFile(path.join(log, segments.at(-1) ?? ""))).toString().split("\n")[0] ?? ""
        const { upstreams } = JSON.parse(`${opening.slice(0, opening.lastIndexOf(',"chain"'))}}`).config
        assert.isAbove(upstreams.length, 3)
        assert.isBelow(JSON.stringify(upstreams).length, 300 * upstreams.length)
        const judged = JSON.parse((await command(["replay", log, "--json"])).stdout)
        assert.deepStrictEqual([judged.outcome, judged.problem], ["verified", null])
        const copy = path.join(directory, "copy")
        const redacted = await command(["replay", log, "--redact", copy])
        assert.strictEqual(redacted.code, 0, redacted.stderr)
        const again = JSON.parse((await command(["replay", copy, "--json"])).stdout)
        assert.deepStrictEqual([again.outcome, again.problem], ["verified", null])
        assert.notInclude(JSON.stringify(again), "n1.example")
      })
    ), 60_000)
})

describe("an operator", () => {
  it.effect("can refresh a host on demand without naming its port if that is 443, and else with its port", () =>
    Effect.gen(function* () {
      const toy = new Simulation(configWith([{ host: "web.example" }])).start().asks("a.example").asks("b.example", 8443)
      const told: Array<unknown> = []
      const engine = { stateUnsafe: () => toy.state, controlUnsafe: (event: unknown) => void told.push(event) }
      const { refresh } = actsOn(engine as unknown as Parameters<typeof actsOn>[0])
      const names = ["A.example", "a.example:443", "b.example:8443", "b.example", "web", "nobody.example"]
      const known = yield* Effect.forEach(names, refresh)
      assert.deepStrictEqual(known, [true, true, true, false, true, false])
      const requested = (upstream: number) => ({ _tag: "RefreshRequested", worker: 0, upstream })
      assert.deepStrictEqual(told, [1, 1, 2, 0].map(requested))
    }))
})

describe("the end of the layer", () => {
  it.live("fails a client that waits for a discovery, at once", () =>
    Effect.gen(function* () {
      const silent = yield* Effect.acquireRelease(
        Effect.promise(() =>
          new Promise<dgram.Socket>((resolve) => {
            const socket = dgram.createSocket("udp4")
            socket.bind(0, "127.0.0.1", () => resolve(socket))
          })
        ),
        (socket) => Effect.sync(() => void socket.close())
      )
      const config: FairleadConfig = { dns: { servers: [`127.0.0.1:${silent.address().port}`], timeout: "60s" } }
      const scope = yield* Scope.make()
      const fairlead = Context.get(yield* Layer.buildWithScope(Fairlead.layer(config), scope), Fairlead)
      const asked = Effect.promise(() => new Promise((resolve) => silent.once("message", resolve)))
      const waiting = yield* Effect.forkScoped(Effect.flip(fairlead.connect(NAME, 443)), { startImmediately: true })
      yield* asked
      const from = performance.now()
      yield* Scope.close(scope, Exit.void)
      const failed = yield* Fiber.join(waiting)
      assert.deepInclude(failed, { _tag: "ConnectError", reason: "stopped" })
      assert.isBelow(performance.now() - from, 5_000)
    }).pipe(Effect.scoped))
})

describe("a reload", () => {
  it.live("keeps hosts on demand, or drops them when onDemand is off; their connections continue", () =>
    Effect.gen(function* () {
      const server = yield* serverOf("found")
      const dns = yield* resolver({ [NAME]: ["127.0.0.1"] })
      const config: FairleadConfig = { ...quick, ...dns.config }
      yield* Effect.gen(function* () {
        const { connect, reload } = yield* Fairlead
        const facts = yield* collecting
        const held = yield* connect(NAME, server.port)
        yield* reload({ ...config, attempts: 5 })
        assert.strictEqual(yield* talk(NAME, server.port), "found")
        assert.deepStrictEqual(samplings(facts), ["first-use"])
        yield* reload({ ...config, onDemand: { enabled: false } })
        assert.strictEqual((yield* Effect.flip(connect(NAME, server.port)))._tag, "UnknownUpstreamError")
        assert.deepStrictEqual(yield* upstreamsOf, [])
        assert.strictEqual(yield* said(held), "found")
        yield* reload({ ...config, preheatDomains: [`${NAME}:${server.port}`] })
        assert.strictEqual(yield* talk(NAME, server.port), "found")
      }).pipe(Effect.scoped, Effect.provide(Fairlead.layer(config)))
    }).pipe(Effect.scoped))
})

describe("an upstream that is not preheated", () => {
  it.live("is discovered when the first client of its listener comes, and not before", () =>
    Effect.gen(function* () {
      const server = yield* serverOf("found")
      const dns = yield* resolver({ [NAME]: ["127.0.0.1"] })
      const config = (preheat: boolean): FairleadConfig => ({
        ...dns.config,
        listeners: [{ name: "web", listen: "127.0.0.1:0", upstream: "web" }],
        upstreams: { web: { host: NAME, port: server.port, preheat } }
      })
      yield* Effect.gen(function* () {
        const { status } = yield* Fairlead
        const facts = yield* collecting
        const port = (yield* status).listeners[0]?.listen.split(":")[1]
        assert.deepStrictEqual([dns.asked(), server.connections()], [0, 0])
        const clients = Array.from({ length: 20 }, () => Effect.promise(() => ask(Number(port))))
        const answers = yield* Effect.all(clients, { concurrency: "unbounded" })
        assert.deepStrictEqual([...new Set(answers)], ["found"])
        assert.deepStrictEqual(samplings(facts), ["first-use"])
      }).pipe(Effect.scoped, Effect.provide(Fairlead.layer(config(false))))
      const asked = dns.asked()
      yield* Effect.gen(function* () {
        yield* eventually("it is resolved at once", Effect.sync(() => dns.asked() > asked))
      }).pipe(Effect.provide(Fairlead.layer(config(true))))
    }).pipe(Effect.scoped))
})

describe("preheated domains", () => {
  it.live("are all resolved, reached and selected after the start", () =>
    Effect.gen(function* () {
      const servers = [yield* serverOf("one"), yield* serverOf("two"), yield* serverOf("three")]
      const dns = yield* resolver({ "a.example": ["127.0.0.1"], "b.example": ["127.0.0.1"] })
      const preheatDomains = servers.flatMap(({ port }) => [`a.example:${port}`, `b.example:${port}`])
      yield* Effect.gen(function* () {
        const { facts } = yield* Fairlead
        const over = yield* Effect.forkScoped(
          Stream.runCollect(Stream.take(Stream.filter(facts, ({ kind }) => kind === "IpPoolPreheatCompleted"), 6))
        )
        const completed = [...(yield* Fiber.join(over))]
        assert.sameMembers(completed.map(({ upstream }) => upstream), preheatDomains)
        assert.isTrue(completed.every((fact) => "reachable" in fact && fact.reachable === 1 && fact.candidates === 1))
        assert.isTrue((yield* upstreamsOf).every(({ state }) => state === "active"))
        assert.strictEqual(yield* talk("A.example", servers[0]!.port), "one")
      }).pipe(
        Effect.scoped,
        Effect.provide(Fairlead.layer({ ...quick, ...dns.config, preheatDomains, probing: LONG_ROUND }))
      )
    }).pipe(Effect.scoped))
})
