/** Fairlead with parts of a program's own: resolver, transport, history, record, clock. */
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import { text } from "node:stream/consumers"
import type { HistoryRecord, UpstreamSocket } from "../../src/effect.ts"
import {
  clientOf,
  Fairlead,
  HistoryStore,
  Interfaces,
  makeMemoryRecorder,
  newRun,
  noHistory,
  noRecorder,
  onEffectClock,
  programTransport,
  Recorder,
  ResolveError,
  Resolver,
  socketOf,
  Transport
} from "../../src/effect.ts"
import type { FairleadConfig } from "../../src/mod.ts"
import { replayText } from "../support/live.ts"
import { serving } from "../support/relaying.ts"

const answering = (name: string) =>
  serving((socket) => {
    socket.once("data", () => socket.end(name))
    socket.on("end", () => socket.end())
  })

const asked = Effect.fnUntraced(function* (host: string, port?: number) {
  const socket = yield* (yield* Fairlead).connect(host, port)
  return yield* Effect.promise(() => text(socket.end("?")))
})

const selected = Effect.gen(function* () {
  const { facts } = yield* Fairlead
  yield* Stream.runDrain(Stream.takeUntil(facts, ({ kind }) => kind === "SelectionMoved"))
})

/** Knows one name. */
const oneName = (known: string, queries: Array<string>) =>
  Layer.succeed(
    Resolver,
    Resolver.of({
      resolve: (host) => {
        queries.push(host)
        return host === known
          ? Effect.succeed({ addresses: ["127.0.0.1"], omitted: 0, silent: 0 })
          : Effect.fail(new ResolveError({ host, code: "ENOTFOUND" }))
      }
    })
  )

const changed = (change: (inner: Transport["Service"]) => Partial<Transport["Service"]>) =>
  Layer.effect(Transport, Effect.map(Transport, (inner) => Transport.of({ ...inner, ...change(inner) }))).pipe(
    Layer.provide(programTransport)
  )

describe("Fairlead with a resolver of the program's own", () => {
  it.live("asks it for the names of upstreams and for names on first use, and nothing else", () =>
    Effect.gen(function* () {
      const server = yield* answering("found")
      const queries: Array<string> = []
      const parts = { resolver: oneName("svc.example", queries) }
      const config: FairleadConfig = { upstreams: { web: { host: "svc.example", port: server.port } } }
      yield* Effect.gen(function* () {
        assert.strictEqual(yield* asked("web"), "found")
        assert.strictEqual(yield* asked("SVC.example", server.port), "found")
        const { message } = yield* Effect.flip(asked("other.example", server.port))
        assert.include(message, "other.example")
      }).pipe(Effect.provide(Fairlead.layerWith(config, parts)))
      assert.sameMembers([...new Set(queries)], ["svc.example", "other.example"])
    }).pipe(Effect.scoped))
})

describe("Fairlead with a transport of the program's own", () => {
  it.live("dials by it, for probes and for connections", () =>
    Effect.gen(function* () {
      const server = yield* answering("behind")
      const dialled: Array<string> = []
      const transport = changed(({ dialUnsafe }) => ({
        dialUnsafe: ({ host, port, ...rest }, keepAliveMs, answer) => {
          dialled.push(`${host}:${port}`)
          return dialUnsafe({ ...rest, host: "127.0.0.1", port: server.port }, keepAliveMs, answer)
        }
      }))
      const config: FairleadConfig = { upstreams: { web: { candidates: ["192.0.2.1:7"] } } }
      yield* Effect.gen(function* () {
        yield* selected
        assert.strictEqual(yield* asked("web"), "behind")
      }).pipe(Effect.provide(Fairlead.layerWith(config, { transport })))
      assert.deepStrictEqual([...new Set(dialled)], ["192.0.2.1:7"])
      assert.isAtLeast(dialled.length, 2)
    }).pipe(Effect.scoped))

  it.live("lets it speak over a connection before the connection counts", () =>
    Effect.gen(function* () {
      const heard: Array<string> = []
      const server = yield* serving((socket) => {
        socket.once("data", (chunk) => {
          heard.push(String(chunk))
          socket.write("welcome")
          socket.once("data", () => socket.end("served"))
        })
      })
      const transport = changed(({ dialUnsafe }) => ({
        dialUnsafe: (address, keepAliveMs, answer) =>
          dialUnsafe(address, keepAliveMs, (result: UpstreamSocket | string) => {
            const socket = typeof result === "string" ? undefined : socketOf(result)
            if (socket === undefined) return answer(result as "refused")
            socket.write("let me in")
            socket.once("readable", () => {
              assert.strictEqual(String(socket.read()), "welcome")
              answer(result as UpstreamSocket)
            })
          })
      }))
      const config: FairleadConfig = { enabled: false, upstreams: { web: { candidates: [`127.0.0.1:${server.port}`] } } }
      yield* Effect.gen(function* () {
        const socket = yield* (yield* Fairlead).connect("web")
        socket.write("?")
        assert.strictEqual(yield* Effect.promise(() => text(socket)), "served")
      }).pipe(Effect.provide(Fairlead.layerWith(config, { transport })))
      assert.deepStrictEqual(heard, ["let me in"])
    }).pipe(Effect.scoped))
})

describe("Fairlead with a history of the program's own", () => {
  it.live("saves what it measured there, and the next one begins with that", () =>
    Effect.gen(function* () {
      const server = yield* answering("one")
      let stored: ReadonlyArray<HistoryRecord> = []
      const history = Layer.succeed(
        HistoryStore,
        HistoryStore.of({
          load: Effect.sync(() => ({ records: stored, dropped: 0, problem: null })),
          save: (records) => Effect.sync(() => void (stored = records))
        })
      )
      const config: FairleadConfig = { upstreams: { web: { candidates: [`127.0.0.1:${server.port}`] } } }
      yield* Effect.provide(selected, Fairlead.layerWith(config, { history }))
      assert.deepStrictEqual(stored.map(({ address, port }) => [address, port]), [["127.0.0.1", server.port]])
      assert.isAbove(stored[0]?.latencyMs ?? 0, 0)

      // No dial is answered before the client comes, so that history alone can name the address as known.
      let hasCome = false
      const mute = changed(({ dialUnsafe }) => ({
        dialUnsafe: (address, keepAliveMs, answer) => hasCome ? dialUnsafe(address, keepAliveMs, answer) : () => {}
      }))
      const stage = Effect.gen(function* () {
        const { connect, servedBy } = yield* Fairlead
        hasCome = true
        const socket = yield* connect("web")
        hasCome = false
        return servedBy(socket)?.stage
      })
      const before = yield* Effect.provide(stage, Fairlead.layerWith(config, { history, transport: mute }))
      const without = yield* Effect.provide(stage, Fairlead.layerWith(config, { history: noHistory, transport: mute }))
      assert.deepStrictEqual([before, without], ["stale", "unranked"])
    }).pipe(Effect.scoped))
})

describe("Fairlead with a recorder of the program's own", () => {
  it.live("gives it a record that replays", () =>
    Effect.gen(function* () {
      const server = yield* answering("one")
      const memory = makeMemoryRecorder(newRun())
      const config: FairleadConfig = { upstreams: { web: { candidates: [`127.0.0.1:${server.port}`] } } }
      const parts = { recorder: Layer.succeed(Recorder, memory) }
      yield* Effect.gen(function* () {
        yield* selected
        for (let i = 0; i < 3; i++) yield* asked("web")
      }).pipe(Effect.provide(Fairlead.layerWith(config, parts)))
      const { outcome, choices } = replayText(memory.segments)
      assert.deepStrictEqual([outcome, choices.checked], ["verified", 3])
    }).pipe(Effect.scoped))
})

describe("Fairlead on a clock of the program's own", () => {
  it.effect("measures, waits and probes in its time", () =>
    Effect.gen(function* () {
      const clock = yield* Clock.Clock
      const dialled: Array<number> = []
      const nowMs = () => clock.currentTimeMillisUnsafe()
      // An address 20 ms away, for probes alone.
      const far = changed(() => ({
        dialUnsafe: (_address, _keepAliveMs, answer) => {
          dialled.push(nowMs())
          return Effect.runCallback(clock.sleep(Duration.millis(20)), {
            onExit: () => answer({ closeUnsafe: () => {}, watchUnsafe: () => {}, isAliveUnsafe: () => true })
          })
        }
      }))
      const config: FairleadConfig = {
        pool: { mode: "off" },
        probing: { interval: "1m" },
        upstreams: { web: { candidates: ["192.0.2.1:7"] } }
      }
      yield* Effect.gen(function* () {
        const { status } = yield* Fairlead
        // Turns of the event loop happen by themselves; time does not.
        const after = (ms: number, stepMs: number, holds: () => boolean) =>
          Effect.gen(function* () {
            for (let passedMs = 0; passedMs < ms; passedMs += stepMs) {
              if (holds()) return true
              yield* TestClock.adjust(stepMs)
              for (let i = 0; i < 4; i++) yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
            }
            return holds()
          })
        const candidate = () => Effect.runSync(status).upstreams[0]?.candidates[0]
        assert.isTrue(yield* after(10_000, 5, () => candidate()?.latencyMs === 20))
        const sofar = dialled.length
        assert.isTrue(yield* after(90_000, 500, () => dialled.length > sofar))
        const gapMs = (dialled[sofar] ?? 0) - (dialled[sofar - 1] ?? 0)
        assert.isAtLeast(gapMs, 30_000)
        assert.isAtMost(gapMs, 90_000)
      }).pipe(Effect.provide(Fairlead.layerWith(config, { transport: onEffectClock(far) })))
    }), 20_000)

  it.live("lends sockets of real servers, with the moments of that clock in the record", () =>
    Effect.gen(function* () {
      const server = yield* answering("one")
      const memory = makeMemoryRecorder(newRun())
      const config: FairleadConfig = { enabled: false, upstreams: { web: { candidates: [`127.0.0.1:${server.port}`] } } }
      const parts = {
        transport: onEffectClock(programTransport),
        recorder: Layer.succeed(Recorder, memory)
      }
      yield* Effect.provide(asked("web"), Fairlead.layerWith(config, parts))
      const [, firstByteUs = "", durationUs = ""] =
        /"ClientClosed".*?"firstByteUs":(-?\d+).*?"durationUs":(\d+)/.exec(memory.segments.join("")) ?? []
      assert.isAbove(Number(firstByteUs), 0)
      assert.isAtMost(Number(firstByteUs), Number(durationUs))
    }).pipe(Effect.scoped))
})

describe("Fairlead with every part as a requirement", () => {
  it.live("runs with what the program provides, and gives promises to a library that wants them", () =>
    Effect.gen(function* () {
      const server = yield* answering("found")
      const parts = Layer.mergeAll(
        programTransport,
        oneName("svc.example", []),
        noHistory,
        noRecorder,
        Layer.succeed(Interfaces, Interfaces.of({ attachedUnsafe: () => ({ families: ["ipv4"], print: "lab" }) }))
      )
      const config: FairleadConfig = { upstreams: { web: { host: "svc.example", port: server.port } } }
      yield* Effect.gen(function* () {
        const client = clientOf(yield* Fairlead)
        const socket = yield* Effect.promise(() => client.connect("web"))
        assert.strictEqual(yield* Effect.promise(() => text(socket.end("?"))), "found")
      }).pipe(Effect.provide(Layer.provide(Fairlead.layerNoDeps(config), parts)))
    }).pipe(Effect.scoped))
})
