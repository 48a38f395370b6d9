/** The history keeper: what it writes and when, also on a failing disk; and a service that starts from its history. */
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Scope from "effect/Scope"
import { TestClock } from "effect/testing"
import * as path from "node:path"
import type { Site } from "../../src/adapters/demo/Site.ts"
import * as Sites from "../../src/adapters/demo/Site.ts"
import { distant } from "../../src/adapters/demo/distance.ts"
import * as HistoryFile from "../../src/adapters/file/HistoryFile.ts"
import * as MemoryRecorder from "../../src/adapters/memory/MemoryRecorder.ts"
import * as NodeResolver from "../../src/adapters/node/NodeResolver.ts"
import * as NodeTransport from "../../src/adapters/node/NodeTransport.ts"
import type { Advance } from "../../src/core/advance.ts"
import { advance as coreAdvance } from "../../src/core/advance.ts"
import * as Vector from "../../src/core/data/Vector.ts"
import type { Event } from "../../src/core/model/Event.ts"
import type { HistoryRecord } from "../../src/core/model/History.ts"
import { isReady } from "../../src/core/ready.ts"
import { Acceptor } from "../../src/plane/Acceptor.ts"
import { Plane } from "../../src/plane/Plane.ts"
import { Engine } from "../../src/shell/Engine.ts"
import { HistoryError } from "../../src/shell/errors.ts"
import { HistoryKeeper } from "../../src/shell/HistoryKeeper.ts"
import { HistoryStore } from "../../src/shell/HistoryStore.ts"
import { LoadedHistory } from "../../src/shell/LoadedHistory.ts"
import { Recorder } from "../../src/shell/Recorder.ts"
import { Transport } from "../../src/plane/ports/Transport.ts"
import { upstreamTarget } from "../../src/plane/Target.ts"
import { inScratch } from "../support/command.ts"
import { addresses, configWith } from "../support/config.ts"
import { replayText } from "../support/live.ts"
import { ask, named, until } from "../support/servers.ts"
import { Simulation } from "../../src/sim/Simulation.ts"

const FIRST_MS = 500
const FLUSH_MS = 5_000
const TIMEOUT_MS = 1_000
const [a, b] = addresses(2).map(({ host }) => host) as [string, string]
const past: HistoryRecord = {
  host: "site.example",
  port: 443,
  address: "198.18.7.1",
  sources: ["dns"],
  latencyMs: 9,
  measuredMs: 1_789_999_999_000,
  expiresMs: 1_790_086_400_000
}
const full = new HistoryError({ what: "unwritable", path: "h.json", why: "ENOSPC" })

/** A store that notes what it is given, changed by `store`; and a keeper over it, built while the test clock stands. */
const kept = (
  store: Partial<HistoryStore["Service"]>,
  flushIntervalMs = FLUSH_MS,
  timeoutMs = TIMEOUT_MS,
  { enabled = true, firstWriteMs = FIRST_MS } = {}
) =>
  Effect.gen(function* () {
    const saved: Array<ReadonlyArray<HistoryRecord>> = []
    const lines: Array<string> = []
    const log = Logger.make(({ logLevel, message }) => void lines.push(`${logLevel} ${String(message)}`))
    const noting = HistoryStore.of({
      load: Effect.succeed({ records: [], dropped: 0, problem: null }),
      save: (records) => Effect.sync(() => void saved.push(records)),
      ...store
    })
    const layer = HistoryKeeper.layer({ enabled, firstWriteMs, flushIntervalMs, timeoutMs, network: () => "home" }).pipe(
      Layer.provide(Layer.succeed(HistoryStore, noting))
    )
    const scope = yield* Scope.make()
    const logged = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.provide(effect, Logger.layer([log]))
    const building = yield* Effect.forkScoped(logged(Layer.buildWithScope(layer, scope)))
    const keep = (toy: Simulation) =>
      Effect.flatMap(
        Fiber.join(building),
        (context) =>
          logged(Context.get(context, HistoryKeeper).keep(() => toy.state)).pipe(Effect.provideService(Scope.Scope, scope))
      )
    const troubles = Effect.map(Fiber.join(building), (context) => {
      const all = [...Context.get(context, HistoryKeeper).troublesUnsafe()]
      return Object.fromEntries(all.filter(([, times]) => times > 0))
    })
    return { saved, lines, building, keep, troubles, close: Scope.close(scope, Exit.void) }
  })

const measured = () => new Simulation(configWith([{ candidates: addresses(2) }])).set(a, 5).set(b, 9).start().run(100)
const addressesIn = (records: ReadonlyArray<HistoryRecord> | undefined) => records?.map(({ address }) => address).toSorted()

describe("the history keeper", () => {
  for (const flushIntervalMs of [FLUSH_MS, 1_000]) {
    for (const firstWriteMs of [FIRST_MS, 200]) {
      it.effect(`writes ${firstWriteMs} ms after the first selection, then at most every ${flushIntervalMs} ms, and only after a change`, () =>
        Effect.gen(function* () {
          const { saved, keep } = yield* kept({}, flushIntervalMs, TIMEOUT_MS, { firstWriteMs })
          const toy = measured()
          yield* keep(toy)
          yield* TestClock.adjust(firstWriteMs - 1)
          assert.strictEqual(saved.length, 0)
          yield* TestClock.adjust(1)
          assert.deepStrictEqual(addressesIn(saved[0]), [a, b])
          assert.deepInclude(saved[0]?.[0], { network: "home", upstream: "web" })
          yield* TestClock.adjust(10 * flushIntervalMs)
          assert.strictEqual(saved.length, 1)
          toy.run(20_000)
          for (let ms = 0; ms < flushIntervalMs && saved.length === 1; ms++) yield* TestClock.adjust(1)
          assert.strictEqual(saved.length, 2)
          toy.run(20_000)
          yield* TestClock.adjust(flushIntervalMs - 1)
          assert.strictEqual(saved.length, 2)
          yield* TestClock.adjust(1)
          assert.strictEqual(saved.length, 3)
        }))
    }
  }

  it.effect("writes soon after the first selection, then after waits that double up to history.flushInterval", () =>
    Effect.gen(function* () {
      const moments: Array<number> = []
      const save = () => Effect.map(Clock.currentTimeMillis, (now) => void moments.push(now))
      const { keep } = yield* kept({ save }, 5_000, TIMEOUT_MS, { firstWriteMs: 500 })
      const toy = measured()
      yield* keep(toy)
      for (let ms = 0; ms < 19_000; ms += 100) {
        toy.client(10).run(100)
        yield* TestClock.adjust(100)
      }
      assert.deepStrictEqual(moments, [500, 1_000, 2_000, 4_000, 8_000, 13_000, 18_000])
    }))

  it.effect("reads and writes nothing while Fairlead is off, and keeps earlier records once it is on", () =>
    Effect.gen(function* () {
      let loads = 0
      const load = Effect.sync(() => {
        loads++
        return { records: [past], dropped: 0, problem: null }
      })
      const { saved, building, keep, close } = yield* kept({ load }, FLUSH_MS, TIMEOUT_MS, { enabled: false })
      assert.deepStrictEqual(Context.get(yield* Fiber.join(building), LoadedHistory).records, [])
      const toy = measured()
      yield* keep(toy)
      toy.post({ _tag: "EnabledOverridden", worker: 0, enabled: false })
      yield* TestClock.adjust(3 * FLUSH_MS)
      assert.deepStrictEqual([loads, saved.length], [0, 0])
      toy.post({ _tag: "EnabledOverridden", worker: 0, enabled: true })
      toy.run(1_000)
      yield* TestClock.adjust(FLUSH_MS)
      assert.deepStrictEqual([loads, saved.map(addressesIn)], [1, [[a, b, past.address].toSorted()]])
      toy.post({ _tag: "EnabledOverridden", worker: 0, enabled: false })
      yield* close
      assert.strictEqual(saved.length, 1)
    }))

  it.effect("writes new records when it closes", () =>
    Effect.gen(function* () {
      const { saved, keep, close } = yield* kept({})
      yield* keep(measured())
      yield* close
      assert.deepStrictEqual(saved.map(addressesIn), [[a, b]])
    }))

  it.effect("writes nothing while it has no records, and an empty list when loaded ones are gone", () =>
    Effect.gen(function* () {
      const empty = new Simulation(configWith([{}])).start()
      const never = yield* kept({})
      yield* never.keep(empty)
      const once = yield* kept({ load: Effect.succeed({ records: [past], dropped: 0, problem: null }) })
      yield* once.keep(empty)
      yield* TestClock.adjust(FLUSH_MS)
      assert.deepStrictEqual([never.saved, once.saved], [[], [[]]])
    }))

  it.effect("logs a failing disk once, counts each failure, retries, and logs the recovery", () =>
    Effect.gen(function* () {
      let refusals = 3
      let saves = 0
      const { lines, keep, troubles } = yield* kept({
        save: () => Effect.suspend(() => refusals-- > 0 ? Effect.fail(full) : Effect.sync(() => void saves++))
      })
      yield* keep(measured())
      for (let i = 0; i < 5; i++) yield* TestClock.adjust(FLUSH_MS)
      assert.deepStrictEqual(lines, [
        "Warn history h.json cannot be written: ENOSPC; the history stays in memory, and Fairlead tries again: check free space and permissions there",
        "Info history is written again"
      ])
      assert.deepStrictEqual([yield* troubles, saves], [{ unwritable: 3 }, 1])
    }))

  it.effect("logs a damaged file and omitted records, and starts with the other records", () =>
    Effect.gen(function* () {
      const problem = new HistoryError({ what: "damaged", path: "h.json", why: "it is no JSON" })
      const { lines, building, troubles } = yield* kept({ load: Effect.succeed({ records: [past], dropped: 2, problem }) })
      const loaded = Context.get(yield* Fiber.join(building), LoadedHistory)
      assert.deepStrictEqual(loaded.records, [past])
      assert.deepStrictEqual(
        lines.map((line) => line.slice(0, 40)),
        [
          "Warn history h.json cannot be used: it is",
          "Warn history has 2 invalid records: Fair"
        ].map((line) => line.slice(0, 40))
      )
      assert.deepStrictEqual(yield* troubles, { damaged: 1, record: 2 })
    }))

  for (const timeoutMs of [TIMEOUT_MS, 200]) {
    it.effect(`waits at most ${timeoutMs} ms for a disk that never answers, at start and at close`, () =>
      Effect.gen(function* () {
        const { lines, building, keep, close, troubles } = yield* kept(
          { load: Effect.never, save: () => Effect.never },
          FLUSH_MS,
          timeoutMs
        )
        yield* TestClock.adjust(timeoutMs - 1)
        assert.isUndefined(building.pollUnsafe())
        yield* TestClock.adjust(1)
        assert.deepStrictEqual(Context.get(yield* Fiber.join(building), LoadedHistory).records, [])
        assert.match(lines.join(), new RegExp(`^Warn the disk of the history did not answer within ${timeoutMs} ms`))
        yield* keep(measured())
        const closing = yield* Effect.forkScoped(close)
        yield* TestClock.adjust(timeoutMs - 1)
        assert.isUndefined(closing.pollUnsafe())
        yield* TestClock.adjust(1)
        yield* Fiber.join(closing)
        assert.deepStrictEqual(yield* troubles, { slow: 2 })
      }))
  }
})

/** A service whose sites have simulated distances and whose history is in a file. */
const serviceOf = (file: string, sites: ReadonlyArray<Site>) => {
  const recorder = MemoryRecorder.make({ id: "test", seed: 1 })
  const far = Layer.effect(Transport, Effect.map(Transport, (near) => distant(near, sites).transport)).pipe(
    Layer.provide(NodeTransport.layer)
  )
  const config = configWith([{ candidates: sites.map(({ address }) => address) }])
  const engine = Engine.layer({ config, seed: 1, mailbox: 65_536, turnMs: 2, gatherMs: 2, restartDelayMs: 10 })
  const listener = {
    name: "web",
    listen: { host: "127.0.0.1", port: 0 },
    target: upstreamTarget("web"),
    maxConnections: 100,
    backlog: 10
  }
  const layer = Acceptor.layer([listener]).pipe(
    Layer.provideMerge(HistoryKeeper.writing),
    Layer.provideMerge(engine),
    Layer.provideMerge(Plane.layer),
    Layer.provideMerge(
      HistoryKeeper.layer({
        enabled: true,
        firstWriteMs: 60_000,
        flushIntervalMs: 60_000,
        timeoutMs: 10_000,
        network: () => "lab"
      })
    ),
    Layer.provideMerge(Layer.mergeAll(
      far,
      NodeResolver.layer,
      Layer.succeed(Recorder, recorder),
      HistoryFile.layer({ path: file, maxEntries: 100, maxBytes: 100_000, timeoutMs: 5_000 })
    ))
  )
  const entries = () =>
    recorder.segments.join("").split("\n").filter((line) => line.startsWith('{"seq"'))
      .map((line) => JSON.parse(line) as { readonly at: number; readonly event: Event })
  const run = <A>(use: (engine: Engine["Service"], port: number, acceptor: Acceptor["Service"]) => Promise<A>) =>
    Effect.gen(function* () {
      const engine = yield* Engine
      const acceptor = yield* Acceptor
      const result = yield* Effect.promise(() => use(engine, acceptor.statusUnsafe()[0]?.listen.port ?? 0, acceptor))
      yield* acceptor.drain(1_000)
      return result
    }).pipe(Effect.provide(layer), Effect.scoped)
  return { run, entries, recorder }
}

const accepted = (entries: ReadonlyArray<{ readonly at: number; readonly event: Event }>) =>
  entries.flatMap(({ at, event }) => event._tag === "ClientAccepted" ? [{ at, ...event }] : [])

describe("a restarted service", () => {
  it.live("serves its first client by the best of its history, and has a warm socket to it within a second", () =>
    Effect.gen(function* () {
      const sites = yield* Effect.forEach([250, 30, 400], (rttMs, i) => Sites.open(i, `web#${i + 1}`, rttMs, () => 0.5))
      yield* Effect.promise(() =>
        inScratch(async (directory) => {
          const file = path.join(directory, "history.json")
          const first = serviceOf(file, sites)
          await Effect.runPromise(first.run((engine) =>
            until("all are measured", () =>
              Vector.toArray(engine.stateUnsafe().candidates).every((one) =>
                (one?.costMs ?? -1) >= 0
              ))
          ))
          const second = serviceOf(file, sites)
          const best = await Effect.runPromise(second.run(async (engine, port) => {
            const { state, lastResort } = engine.routesUnsafe().upstreams[0]!
            assert.deepStrictEqual([state, lastResort.attempts[0]?.port], ["stale", sites[1]?.address.port])
            await ask(port)
            return lastResort.attempts[0]?.candidate
          }))
          const [atOnce] = accepted(second.entries())
          assert.deepStrictEqual([atOnce?.candidate, atOnce?.chosen], [best, "none"])
          const third = serviceOf(file, sites)
          await Effect.runPromise(third.run(async (engine, port, acceptor) => {
            await until("a socket waits, and the core knows it", () =>
              acceptor.warmPool.countOf(best as number) > 0 && (engine.routesUnsafe().upstreams[0]?.members.length ?? 0) > 0)
            await ask(port)
          }))
          const [warm] = accepted(third.entries())
          assert.strictEqual(warm?.candidate, best)
          assert.isAbove(warm?.warm ?? 0, 0)
          assert.isBelow(warm?.at ?? Infinity, 1_000_000)
          for (const { recorder } of [second, third]) {
            assert.strictEqual(replayText(recorder.segments).outcome, "verified")
          }
          assert.strictEqual(third.entries()[1]?.event._tag, "HistoryLoaded")
        })
      )
    }).pipe(Effect.scoped))
})

describe("a core that restarts after a failure", () => {
  it.live("starts with what the failed core knew, or without it when that made it fail", () =>
    Effect.gen(function* () {
      const good = yield* Effect.promise(() => named("good"))
      let armed: Event["_tag"] | undefined
      const loads: Array<ReadonlyArray<HistoryRecord>> = []
      const advance: Advance = (state, entry) => {
        if (entry.event._tag === "HistoryLoaded") loads.push(entry.event.records)
        if (entry.event._tag !== armed) return coreAdvance(state, entry)
        if (armed === "ClientAccepted") armed = "HistoryLoaded"
        else armed = undefined
        throw new Error("planted")
      }
      const config = configWith([{ candidates: [{ host: "127.0.0.1", port: good.port }] }])
      const engine = Engine.layer({ config, seed: 1, mailbox: 1_024, turnMs: 2, gatherMs: 2, restartDelayMs: 10, advance })
      const recorder = MemoryRecorder.make({ id: "test", seed: 1 })
      const listener = {
        name: "web",
        listen: { host: "127.0.0.1", port: 0 },
        target: upstreamTarget("web"),
        maxConnections: 10,
        backlog: 1
      }
      const base = Layer.mergeAll(
        NodeTransport.layer,
        NodeResolver.layer,
        Layer.succeed(Recorder, recorder)
      )
      yield* Effect.gen(function* () {
        const engine = yield* Engine
        const port = (yield* Acceptor).statusUnsafe()[0]?.listen.port ?? 0
        yield* Effect.promise(async () => {
          await until("ready", () => isReady(engine.stateUnsafe()))
          armed = "ClientAccepted"
          await ask(port)
          await until("it failed twice and is back", () => engine.restartsUnsafe() === 2 && isReady(engine.stateUnsafe()))
          assert.deepStrictEqual(loads.map((records) => records.map(({ port }) => port)), [[good.port]])
          assert.strictEqual(await ask(port), "good")
        })
      }).pipe(
        Effect.provide(
          Acceptor.layer([listener]).pipe(
            Layer.provideMerge(engine),
            Layer.provideMerge(Plane.layer),
            Layer.provideMerge(base)
          )
        ),
        Effect.scoped
      )
      yield* Effect.promise(() => good.stop())
    }))
})
