/** Listeners, sessions and limits of the running service. */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import * as fs from "node:fs"
import process from "node:process"
import * as NodeTransport from "../../../src/adapters/node/NodeTransport.ts"
import { advance } from "../../../src/core/advance.ts"
import { historyOf } from "../../../src/core/history.ts"
import { parse } from "../../../src/apps/config/parse.ts"
import { Engine } from "../../../src/shell/Engine.ts"
import * as InterfaceWatch from "../../../src/shell/InterfaceWatch.ts"
import { Interfaces } from "../../../src/shell/Interfaces.ts"
import { Transport } from "../../../src/plane/ports/Transport.ts"
import { withLive } from "../../support/live.ts"
import { dnsServer } from "../../support/dnsServer.ts"
import { inScratch, portOf, start } from "../../support/command.ts"
import { ask, named, until } from "../../support/servers.ts"
import { authority, good, selfSigned } from "../../support/certificates.ts"
import { serveTls } from "../../support/tlsServers.ts"
import type { Json, Row } from "./Row.ts"
import { settingsOf } from "./Row.ts"
import type { Client } from "./service.ts"
import { client, echoed, lasts, row, served, serving } from "./service.ts"
import { answering, COLD, hosts, list, row as toyRow } from "./toy.ts"

const listener = (more: Json) => ({ listeners: [{ name: "web", listen: "127.0.0.1:0", upstream: "web", ...more }] })

/** What the listener's status shows with three clients. */
const crowded = (file: Json, shown: (status: { connections: number; waiting: number; refused: number }) => unknown) =>
  echoed(file, (file) =>
    serving(file, async ({ port, acceptor }) => {
      const first = await served(port)
      const others = [await client(port), await client(port)]
      for (const { socket } of others) socket.write("x")
      const status = () => acceptor.statusUnsafe()[0]!
      await until("all have come", () => status().connections + status().waiting + status().refused === 3)
      const result = shown(status())
      for (const { socket } of [first, ...others]) socket.destroy()
      return result
    }))

/** How long a session without traffic lives. */
const quiet = (halfClosed: boolean) => (file: Json) =>
  echoed(file, (file) =>
    serving(file, async ({ port }) => {
      const one = await served(port)
      if (halfClosed) one.socket.end()
      return lasts("it is ended", one.closed)
    }))

/** The kinds of timers in /proc of the connections to the upstream; 02 is keep-alive. */
const timers = (port: number) => {
  const hex = port.toString(16).toUpperCase().padStart(4, "0")
  const lines = fs.readFileSync("/proc/net/tcp", "utf8").split("\n").map((line) => line.trim().split(/\s+/))
  return lines.filter(([, , remote, state]) => remote?.endsWith(`:${hex}`) && state === "01").map(([, , , , , timer]) =>
    timer?.slice(0, 2)
  )
}

/** The time until the program, once it is ended, cuts a session that goes on. */
const stopping = (file: Json) =>
  echoed(file, (file) =>
    inScratch(async (directory) => {
      fs.writeFileSync(`${directory}/f.json`, JSON.stringify(file))
      const running = start(["run", "--config", `${directory}/f.json`])
      await until("it listens", () => portOf(running) !== undefined)
      const one = await served(portOf(running) as number)
      running.kill("SIGTERM")
      const took = await lasts("the session is cut", one.closed)
      await running.ended
      return took
    }))

/** Whether a candidate proves its identity by the authority of this name. */
const proven = (file: Json) =>
  inScratch(async (directory) => {
    fs.writeFileSync(`${directory}/good`, authority)
    fs.writeFileSync(`${directory}/other`, selfSigned.cert)
    const server = await serveTls(good)
    const web = (file["upstreams"] as { web: Json }).web
    const own = {
      host: "web.example",
      port: server.port,
      candidates: ["127.0.0.1"],
      caFile: `${directory}/${String(web["caFile"])}`
    }
    try {
      return await serving({ ...file, upstreams: { web: own } }, async ({ engine }) => {
        const identity = () => engine.stateUnsafe().candidates.chunks.flat().map((one) => one?.identity.state)[0]
        await until("it was asked", () => identity() !== "unknown" && identity() !== undefined)
        return identity()
      })
    } finally {
      await server.stop()
    }
  })

/** The candidates of a name by one of two DNS servers that give different addresses. */
const resolved = (file: Json) =>
  Effect.gen(function* () {
    const one = yield* dnsServer({ "svc.example": ["127.0.0.1"] })
    const two = yield* dnsServer({ "svc.example": ["127.0.0.2"] })
    const { port } = (file["dns"] as { servers: Array<string> }).servers[0] === "192.0.2.1" ? one : two
    const own = { ...file, dns: { servers: [`127.0.0.1:${port}`] }, upstreams: { web: { host: "svc.example", port: 9 } } }
    return yield* Effect.promise(() =>
      serving(own, async ({ engine }) => {
        const addresses = () =>
          engine.stateUnsafe().candidates.chunks.flat().flatMap((one) => one === null ? [] : [one.host])
        await until("it is resolved", () => addresses().length > 0)
        return addresses()
      })
    )
  }).pipe(Effect.scoped, Effect.runPromise)

const NAME = "svc.example"

/** The first candidates of a name that gets one address at once and another one 600 ms later. */
const listedFirst = (file: Json) =>
  Effect.gen(function* () {
    const { port } = yield* dnsServer({ [NAME]: ["127.0.0.2", "::ffff:127.0.0.3"] }, { afterMs: { AAAA: 600 } })
    const own = { ...file, dns: { ...(file["dns"] as Json), servers: [`127.0.0.1:${port}`] } }
    return yield* Effect.promise(() =>
      serving(own, async ({ engine }) => {
        const addresses = () =>
          engine.stateUnsafe().candidates.chunks.flat().flatMap((one) => one === null ? [] : [one.host])
        await until("it is resolved", () => addresses().length > 0)
        return addresses().toSorted()
      })
    )
  }).pipe(Effect.scoped, Effect.runPromise)

/** Whether a name without addresses is reported twice within two seconds, while one client after the other needs it. */
const toldAgain = (file: Json) =>
  Effect.gen(function* () {
    const { port } = yield* dnsServer({})
    const own = { ...file, dns: { ...(file["dns"] as Json), servers: [`127.0.0.1:${port}`] } }
    return yield* Effect.promise(() =>
      serving(own, async ({ facts, port }) => {
        let times = 0
        const heard = Stream.runForEach(
          Stream.filter(facts.streamAfter(0), ({ kind }) => kind === "NameUnresolved"),
          () => Effect.sync(() => void times++)
        )
        const hearing = Effect.runFork(heard)
        const giveUp = performance.now() + 2_000
        while (times < 2 && performance.now() < giveUp) {
          const one = await client(port)
          one.socket.write("x")
          await until("it is refused", one.closed)
        }
        await Effect.runPromise(Fiber.interrupt(hearing))
        return times > 1
      })
    )
  }).pipe(Effect.scoped, Effect.runPromise)

/** How many staying clients are served when 20 descriptors are left and each client takes two. */
const servedAtOnce = (file: Json) => {
  let left = 20
  const few = Effect.map(Transport, (all) => ({ ...all, hasDescriptorsUnsafe: (count: number) => left >= count }))
  const transport = Layer.provide(Layer.effect(Transport, few), NodeTransport.layer)
  return echoed(file, (file) =>
    serving(file, async ({ port, acceptor }) => {
      const clients: Array<Client> = []
      while (acceptor.statusUnsafe()[0]?.paused === false && clients.length < 20) {
        clients.push(await served(port))
        left -= 2
      }
      for (const { socket } of clients) socket.destroy()
      return clients.length
    }, transport))
}

/** The number of the engine's pauses while it handles 20,000 events. */
const pauses = (file: Json) =>
  serving(file, async ({ engine }) => {
    const target = engine.stateUnsafe().seq + 20_000
    let count = 0
    for (let i = 0; i < 20_000; i++) engine.postUnsafe({ _tag: "WallRead", worker: 0, wallMs: 1_790_000_000_000 + i })
    while (engine.stateUnsafe().seq < target) {
      await new Promise((resolve) => setImmediate(resolve))
      count++
    }
    return count
  })

const gathered = (file: Json) =>
  serving(file, ({ engine }) => {
    const { seq } = engine.stateUnsafe()
    engine.postUnsafe({ _tag: "WallRead", worker: 0, wallMs: 1_790_000_000_000 })
    return lasts("it is seen", () => engine.stateUnsafe().seq > seq)
  })

const looks = (file: Json) =>
  serving(file, ({ engine }) => {
    let count = 0
    const attachedUnsafe = () => void count++
    const watch = InterfaceWatch.layer(settingsOf(file).limits.interfaces).pipe(
      Layer.provide(Layer.mergeAll(
        Layer.succeed(Engine, engine),
        Layer.succeed(Interfaces, { attachedUnsafe: () => attachedUnsafe() as undefined })
      ))
    )
    return Effect.runPromise(Effect.scoped(Effect.gen(function* () {
      yield* Layer.build(watch)
      return yield* Effect.promise(() => lasts("it looked four times", () => count >= 4))
    })))
  })

const restarted = (file: Json) => {
  const { core, limits } = settingsOf(file)
  let armed = false
  const failing: typeof advance = (state, entry) => {
    if (!armed || entry.event._tag !== "WallRead") return advance(state, entry)
    armed = false
    throw new Error("planted")
  }
  const run = withLive(core, ({ engine }) =>
    Effect.promise(async () => {
      armed = true
      engine.postUnsafe({ _tag: "WallRead", worker: 0, wallMs: 1_790_000_000_000 })
      await until("it has failed", () => engine.restartsUnsafe() === 1)
      const { seq } = engine.stateUnsafe()
      return lasts("it starts afresh", () => engine.stateUnsafe().seq !== seq)
    }), { advance: failing, restartDelayMs: limits.restartDelay })
  return Effect.runPromise(Effect.map(run, ({ result }) => result))
}

const reserved = (file: Json) =>
  serving(file, ({ engine }) => {
    let places = 0
    while (engine.reserveUnsafe(1)) places++
    return Promise.resolve(places)
  })

export const SESSIONS: ReadonlyArray<Row> = [
  row(
    "listeners[].name",
    ["one", "two"],
    [["one"], ["two"]],
    (file) => serving(file, ({ acceptor }) => Promise.resolve(acceptor.statusUnsafe().map(({ name }) => name)))
  ),
  row(
    "listeners[].listen",
    ["127.0.0.1:0", "127.0.0.2:0"],
    [true, false],
    (file) =>
      echoed(file, (file) =>
        serving(file, async ({ port }) => {
          const one = await client(port)
          one.socket.write("x")
          await until("it is answered or refused", () => one.closed() || one.heard() === "x")
          return one.heard() === "x"
        }))
  ),
  row("listeners[].upstream", ["web", "other"], ["web", "other"], async (file) => {
    const [web, other] = [await named("web"), await named("other")]
    const [a, b] = [web, other].map(({ port }) => ({ candidates: [`127.0.0.1:${port}`] }))
    const answer = await serving({ ...file, upstreams: { web: a, other: b } }, ({ port }) => ask(port))
    await Promise.all([web.stop(), other.stop()])
    return answer
  }),
  row("listeners[].maxConnections", [1, 3], [1, 3], (file) => crowded(file, ({ connections }) => connections), {
    ...listener({})
  }),
  row("limits.backlog", [1, 5], [[1, 1], [2, 0]], (file) => crowded(file, ({ waiting, refused }) => [waiting, refused]), {
    ...listener({ maxConnections: 1 })
  }),
  row("session.idle", ["100ms", "800ms"], "more", quiet(false)),
  row("session.halfClose", ["100ms", "800ms"], "more", quiet(true)),
  row("upstreams.NAME.caFile", ["good", "other"], ["verified", "failed"], proven, {
    probing: { mode: "tls" },
    sources: { dns: false },
    pool: { mode: "off" }
  }),
  row("dns.servers", [["192.0.2.1"], ["192.0.2.2"]], [["127.0.0.1"], ["127.0.0.2"]], resolved, COLD),
  row("dns.resolutionDelay", ["0ms", "5s"], [["127.0.0.2"], ["127.0.0.2", "127.0.0.3"]], listedFirst, {
    ...COLD,
    upstreams: { web: { host: NAME, port: 9 } }
  }),
  row("dns.tellAgain", ["1s", "1d"], [true, false], toldAgain, {
    ...COLD,
    upstreams: { web: { host: NAME, port: 9 } }
  }),
  row("probing.maxCandidates", [7, 8], [1, 0], (file) => parse(JSON.stringify(file)).problems.length, {
    upstreams: { web: { port: 443, candidates: ["198.18.0.0/29"] } }
  }),
  toyRow(
    "onDemand.enabled",
    [true, false],
    [1, 0],
    (toy) => toy.names("svc.example", hosts(2)).start().asks("svc.example").run(1_000).races.length
  ),
  toyRow(
    "onDemand.singleFlightTimeout",
    ["1s", "2s"],
    [1_000, 2_000],
    (toy) => toy.names("svc.example", hosts(2)).start().asks("svc.example").run(500).races[0]?.plan.deadlineMs
  ),
  toyRow("history.maxEntries", [1, 2], [1, 2], (toy) => historyOf(answering(toy, 3).start().run(5_000).state).length, {
    ...COLD,
    ...list(3)
  }),
  row("limits.mailbox", [64, 1_024], "more", reserved),
  row("limits.turn", ["1ms", "1s"], "less", pauses, { limits: { gather: "0ms" } }),
  row("limits.gather", ["0ms", "400ms"], "more", gathered),
  row("limits.interfaces", ["100ms", "300ms"], "more", looks),
  row("limits.reserve", [4, 12], [10, 6], servedAtOnce, COLD),
  row("limits.restartDelay", ["20ms", "600ms"], "more", restarted),
  row("shutdown.drain", ["100ms", "1500ms"], "more", stopping),
  ...(process.platform === "linux"
    ? [
      row("session.keepAlive", ["0ms", "15s"], [false, true], (file) =>
        echoed(file, (file, echo) =>
          serving(file, async ({ port }) => {
            const one = await served(port)
            const began = performance.now()
            // Keep-alive is set on sockets that have lived for a second.
            await until("it has lived", () =>
              timers(echo.port).includes("02") || performance.now() - began > 2_500)
            one.socket.destroy()
            return timers(echo.port).includes("02")
          })), COLD)
    ]
    : [])
]
