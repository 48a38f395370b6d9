/** Traces as a collector gets them. Clients notice nothing when the collector is away, slow or full. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import process from "node:process"
import { EntrySpans } from "../../src/adapters/otel/EntrySpans.ts"
import type { SpanWriter, Written } from "../../src/adapters/otel/SpanWriter.ts"
import { dialTimes } from "../../src/adapters/otel/dialTimes.ts"
import { isTraced } from "../../src/adapters/otel/options.ts"
import { sampler } from "../../src/adapters/otel/sampling.ts"
import { counted as countedSee } from "../../src/adapters/otel/Telemetry.ts"
import { advance } from "../../src/core/advance.ts"
import type { CandidateId } from "../../src/core/model/Candidate.ts"
import type { Config } from "../../src/core/model/Config.ts"
import type { Entry } from "../../src/core/model/Event.ts"
import { isReady } from "../../src/core/ready.ts"
import { initial } from "../../src/core/state.ts"
import * as Upstreams from "../../src/core/upstreams.ts"
import { Resolver } from "../../src/plane/ports/Resolver.ts"
import { networks } from "../support/access.ts"
import { answersOf } from "../support/answers.ts"
import { addresses, configWith } from "../support/config.ts"
import { measured } from "../support/measured.ts"
import { ask, named, until } from "../support/servers.ts"
import type { FakeCollector, Measured, Span } from "../support/telemetry.ts"
import { endNs, fakeCollector, startNs, sumOf, tracesTo, withTelemetry } from "../support/telemetry.ts"

const at = (port: number) => ({ host: "127.0.0.1", port })
const only = (spans: ReadonlyArray<Span>, name: string) => spans.filter((span) => span.name === `fairlead.${name}`)

/** Runs clients one after the other against a named server, and gives what the collector got after the flush. */
const traced = (
  clients: number,
  { ratio = 1, config = {}, dead = false }: { ratio?: number; config?: object; dead?: boolean } = {}
) =>
  Effect.gen(function* () {
    const collector = yield* Effect.promise(() => fakeCollector())
    const server = yield* Effect.promise(() => named("good"))
    const gone = yield* Effect.promise(() => named("gone"))
    yield* Effect.promise(() => gone.stop())
    if (dead) yield* Effect.promise(() => server.stop())
    const core = configWith([{ candidates: [at(gone.port), at(server.port)], ...config }])
    yield* withTelemetry(core, tracesTo(collector.url, ratio), async ({ engine, port }) => {
      if (!dead) await until("ready", () => isReady(engine.stateUnsafe()))
      for (let i = 0; i < clients; i++) await ask(port).catch(() => "")
      await until("all ends are known", () => engine.stateUnsafe().seq > 0 && !busy(engine.stateUnsafe()))
    })
    yield* Effect.promise(() => Promise.all([collector.stop(), dead ? undefined : server.stop()]))
    return { spans: collector.spans(), bodies: collector.bodies(), headers: collector.headers() }
  })

const busy = (state: ReturnType<Measured["engine"]["stateUnsafe"]>) =>
  JSON.stringify(state.candidates).includes('"connections":[1')

describe("a client's trace", () => {
  it.live("has its dials and its relay as children, and the times add up", () =>
    Effect.gen(function* () {
      const { spans, bodies, headers } = yield* traced(3, { config: { pool: { mode: "off" } } })
      const roots = only(spans, "connection")
      assert.strictEqual(roots.length, 3)
      for (const root of roots) {
        assert.isUndefined(root.parentSpanId || undefined)
        const children = spans.filter(({ parentSpanId }) => parentSpanId === root.spanId)
        assert.deepStrictEqual(children.map(({ name }) => name).toSorted(), ["fairlead.dial", "fairlead.relay"])
        const dial = children.find(({ name }) => name === "fairlead.dial") as Span
        const relay = children.find(({ name }) => name === "fairlead.relay") as Span
        for (const child of children) assert.strictEqual(child.traceId, root.traceId)
        assert.isTrue(startNs(root) <= startNs(dial) && endNs(dial) <= startNs(relay), "dial, then relay")
        assert.isTrue(startNs(relay) <= endNs(relay) && endNs(relay) === endNs(root), "the relay ends it")
        assert.deepInclude(root.attributes, {
          "fairlead.listener": "web",
          "fairlead.upstream": "web",
          "fairlead.candidate": "web#2",
          "fairlead.source": "user-static",
          "fairlead.warm": false,
          "fairlead.outcome": "done",
          "fairlead.bytes.up": 1,
          "fairlead.bytes.down": 4
        })
        assert.isAtLeast(Number(root.attributes["fairlead.routes.version"]), 1)
        assert.isAbove(Number(root.attributes["fairlead.first_byte_ms"]), 0)
        assert.deepInclude(dial.attributes, { "fairlead.candidate": "web#2", "fairlead.outcome": "connected" })
        const nowNs = BigInt(Date.now()) * 1_000_000n
        assert.isTrue(nowNs - startNs(root) < 60_000_000_000n && nowNs >= startNs(root), "wall time")
      }
      assert.strictEqual(new Set(roots.map(({ traceId }) => traceId)).size, 3)
      const probes = only(spans, "probe").map(({ attributes }) => attributes["fairlead.outcome"])
      assert.includeMembers(probes, ["ok", "refused"])
      const moved = only(spans, "evaluate").map(({ attributes }) => attributes["fairlead.moves"])
      assert.deepStrictEqual(moved, [["+web#2 filled"]])
      assert.notInclude(bodies.join(""), "127.0.0.1")
      assert.include(bodies[0], '"edge-forwarder"')
      assert.deepStrictEqual(new Set(headers.map((sent) => sent["x-team"])), new Set(["edge"]))
    }))

  it.live("has no dial span when the client got a warm socket", () =>
    Effect.gen(function* () {
      const { spans } = yield* traced(30)
      const warm = only(spans, "connection").filter(({ attributes }) => attributes["fairlead.warm"] === true)
      assert.isAbove(warm.length, 0)
      for (const { spanId } of warm) {
        const children = spans.filter(({ parentSpanId }) => parentSpanId === spanId).map(({ name }) => name)
        assert.deepStrictEqual(children, ["fairlead.relay"])
      }
    }))

  it.live("has a failed dial span for every address that was tried", () =>
    Effect.gen(function* () {
      const { spans } = yield* traced(1, { dead: true })
      const [root] = only(spans, "connection")
      assert.deepInclude(root?.attributes, { "fairlead.outcome": "failed", "fairlead.choice": "last-resort" })
      assert.strictEqual(root?.status?.code, 2)
      const dials = only(spans, "dial")
      assert.deepStrictEqual(dials.map(({ attributes }) => attributes["fairlead.outcome"]), ["refused", "refused"])
      assert.deepStrictEqual(dials.map(({ attributes }) => attributes["fairlead.candidate"]), ["web#1", "web#2"])
      assert.isTrue(endNs(dials[0] as Span) <= startNs(dials[1] as Span), "one after the other")
      assert.isTrue(endNs(dials[1] as Span) <= endNs(root as Span))
    }))

  it.live("has a resolve span before the dial spans when the last resort resolved a host", () =>
    Effect.gen(function* () {
      const collector = yield* Effect.promise(() => fakeCollector())
      const server = yield* Effect.promise(() => named("by name"))
      const candidates = [{ host: "127.0.0.2", port: server.port }]
      const base = configWith([{ candidates, host: "web.example", port: server.port, pool: { mode: "off" } }])
      const known = Effect.as(Effect.sleep(30), answersOf(["127.0.0.9", "127.0.0.3", "127.0.0.1"]))
      const resolver = Layer.succeed(Resolver, Resolver.of({ resolve: () => known }))
      const use = async ({ port }: Measured) => assert.strictEqual(await ask(port), "by name")
      const access = { allow: [], deny: networks(["127.0.0.9"]) }
      yield* withTelemetry({ ...base, access, enabled: false }, tracesTo(collector.url), use, resolver)
      yield* Effect.promise(() => Promise.all([collector.stop(), server.stop()]))
      const [root] = only(collector.spans(), "connection")
      const children = collector.spans().filter(({ parentSpanId }) => parentSpanId === root?.spanId)
      const outcomes = children.map(({ name, attributes }) => `${name} ${attributes["fairlead.outcome"]}`)
      assert.deepStrictEqual(outcomes, [
        "fairlead.resolve resolved",
        "fairlead.dial refused",
        "fairlead.dial connected",
        "fairlead.relay done"
      ])
      const [resolve, ...rest] = children as [Span, ...ReadonlyArray<Span>]
      assert.strictEqual(startNs(resolve), startNs(root as Span))
      assert.isAtLeast(Number(endNs(resolve) - startNs(resolve)), 25_000_000)
      for (const [i, span] of rest.entries()) assert.isTrue(startNs(span) >= endNs(children[i] as Span), span.name)
      assert.isTrue(endNs(rest[2] as Span) === endNs(root as Span))
      assert.deepInclude(root?.attributes, { "fairlead.source": "system", "fairlead.choice": "last-resort" })
      assert.isUndefined(rest[1]?.attributes["fairlead.candidate"])
      assert.notInclude(collector.bodies().join(""), "127.0.0.")
    }))

  it("has an error span for a name without an answer; a preheat has a trace of its own", () => {
    const written: Array<Written> = []
    const writer = { write: (_state: unknown, span: Written) => void written.push(span) } as unknown as SpanWriter
    const spans = new EntrySpans(writer, () => true, () => {})
    const config = configWith([{ candidates: addresses(2) }])
    const world = measured(config)
    world.run(40, (ordinal) => ordinal === 1 ? -1 : 5_000, spans.see)
    const [preheat] = written.filter(({ name }) => name === "fairlead.preheat")
    assert.deepInclude(preheat?.attributes, {
      "fairlead.upstream": "web",
      "fairlead.reachable": 1,
      "fairlead.candidates": 2
    })
    assert.isAtLeast(preheat?.endUs ?? -1, preheat?.startUs ?? 0)
    const state = world.state()
    const see = (event: Entry["event"]) => {
      const entry: Entry = { seq: state.seq + 1, at: 9_000_000, event }
      spans.see(entry, advance(state, entry).decisions, state)
    }
    written.length = 0
    const tried = [{ candidate: "system", host: "web.example", outcome: "unresolved", tookUs: 700 }] as const
    const unserved = {
      routes: state.routes.version,
      chosen: "none",
      candidate: "none",
      warm: 0,
      client: 0,
      why: "unranked"
    } as const
    see({ _tag: "ClientAccepted", worker: 0, session: 1, listener: "web", upstream: 0, ...unserved, tried })
    assert.deepStrictEqual(written.map(({ name, error }) => [name, error]), [
      ["fairlead.connection", "no address could be reached"],
      ["fairlead.resolve", "unresolved"]
    ])
    assert.notInclude(JSON.stringify(written), "web.example")
  })

  it("has an error span for a warm socket that could not be had, and none for one that could", () => {
    const written: Array<Written> = []
    const writer = { write: (_state: unknown, span: Written) => void written.push(span) } as unknown as SpanWriter
    const spans = new EntrySpans(writer, () => true, () => {})
    const world = measured(configWith([{ candidates: addresses(2) }]))
    world.run(40, () => 5_000, () => {})
    const state = world.state()
    const [candidate] = Upstreams.find(state, 0)?.listed as readonly [CandidateId]
    const about = { worker: 0, warm: 1, candidate, tookUs: 700 }
    spans.see({ seq: state.seq + 1, at: 9_000_000, event: { _tag: "WarmConnected", ...about } }, [], state)
    assert.deepStrictEqual(written, [])
    spans.see({ seq: state.seq + 2, at: 9_000_000, event: { _tag: "WarmFailed", ...about, reason: "refused" } }, [], state)
    assert.deepStrictEqual(written, [{
      name: "fairlead.warm",
      kind: "client",
      startUs: 8_999_300,
      endUs: 9_000_000,
      attributes: { "fairlead.upstream": "web", "fairlead.candidate": "web#1", "fairlead.outcome": "refused" },
      error: "refused"
    }])
  })

  it.live("stands beside one span for each probe, from its dial to its outcome, and one for each query of the core", () =>
    Effect.gen(function* () {
      const collector = yield* Effect.promise(() => fakeCollector())
      const server = yield* Effect.promise(() => named("good"))
      const gone = yield* Effect.promise(() => named("gone"))
      yield* Effect.promise(() => gone.stop())
      const candidates = [at(server.port), at(gone.port)]
      const config = configWith([{ candidates, host: "web.example", port: server.port, pool: { mode: "off" } }])
      let answers = 0
      const known = Effect.map(Effect.sleep(30), () => {
        answers++
        return answersOf(["127.0.0.1"])
      })
      const resolver = Layer.succeed(Resolver, Resolver.of({ resolve: () => known }))
      let counts = { ok: 0, refused: 0 }
      const use = async ({ engine, scrape }: Measured) => {
        const probes = (page: string, result: string) =>
          sumOf(page, `fairlead_probe_total{upstream="web",result="${result}"`)
        await until("the name is resolved", () => answers === 1)
        await until("the first round is over", () => isReady(engine.stateUnsafe()))
        const page = await scrape() ?? ""
        counts = { ok: probes(page, "ok"), refused: probes(page, "refused") }
      }
      yield* withTelemetry(config, tracesTo(collector.url), use, resolver)
      yield* Effect.promise(() => Promise.all([collector.stop(), server.stop()]))
      const probes = only(collector.spans(), "probe")
      const of = (outcome: string) => probes.filter(({ attributes }) => attributes["fairlead.outcome"] === outcome)
      assert.isAbove(Math.min(counts.ok, counts.refused), 0)
      assert.strictEqual(of("ok").length, counts.ok)
      assert.strictEqual(of("refused").length, counts.refused)
      assert.deepInclude(of("ok")[0]?.attributes, { "fairlead.upstream": "web", "fairlead.candidate": "web#1" })
      assert.deepStrictEqual(of("refused").map(({ status }) => [status?.code, status?.message])[0], [2, "refused"])
      const [query, ...more] = only(collector.spans(), "resolve")
      assert.deepStrictEqual(more, [])
      assert.deepInclude(query?.attributes, { "fairlead.upstream": "web", "fairlead.outcome": "resolved" })
      assert.isAtLeast(Number(endNs(query as Span) - startNs(query as Span)), 25_000_000)
      for (const span of [...probes, query]) assert.isUndefined(span?.parentSpanId || undefined)
      const sent = collector.bodies().join("")
      for (const secret of ["127.0.0.", "web.example", "file:", ".ts"]) assert.notInclude(sent, secret)
    }))

  it.live("is written for the sampled clients alone", () =>
    Effect.gen(function* () {
      const { spans } = yield* traced(120, { ratio: 0.25 })
      const isSampled = sampler(0.25, 1)
      const expected = Array.from({ length: 120 }, (_, i) => i + 1).filter(isSampled)
      const sessions = only(spans, "connection").map(({ attributes }) => Number(attributes["fairlead.session"]))
      assert.deepStrictEqual(sessions.toSorted((a, b) => a - b), expected)
      assert.isAbove(expected.length, 10)
      assert.isBelow(expected.length, 60)
    }))

  it("starts each dial span when the plan started its attempt", () => {
    const plan = (offsets: ReadonlyArray<number>) => ({
      deadlineMs: 10_000,
      attempts: offsets.map((startAfterMs, i) => ({
        candidate: i + 1,
        host: "h",
        port: 1,
        startAfterMs,
        timeoutMs: 3_000,
        suspectAfterMs: 100
      }))
    })
    const tried = (candidate: number, outcome: "refused" | "connected" | "cancelled" | "timeout", tookMs: number) => ({
      candidate,
      outcome,
      tookUs: tookMs * 1000
    })
    const starts = (...args: Parameters<typeof dialTimes>) =>
      dialTimes(...args).map(({ attempt, startUs }) => [attempt.candidate, startUs / 1000])
    // The second attempt started beside the first, and won.
    assert.deepStrictEqual(starts([tried(2, "connected", 30), tried(1, "cancelled", 280)], plan([0, 250]), 250), [[1, 0], [
      2,
      250
    ]])
    // A refusal starts the next attempt at once.
    assert.deepStrictEqual(starts([tried(1, "refused", 5), tried(2, "connected", 30)], plan([0, 250]), 250), [[1, 0], [
      2,
      5
    ]])
    // Without the plan, the race delay gives the starts.
    const late = [tried(7, "timeout", 3_000), tried(8, "timeout", 3_000)]
    assert.deepStrictEqual(starts(late, undefined, 250), [[7, 0], [8, 250]])
  })
})

/** Runs clients with a broken collector; each client must be served. */
const served = (config: Config, url: string, clients: number, then: (live: Measured) => Promise<void> = async () => {}) =>
  withTelemetry(config, tracesTo(url), async (live) => {
    await until("ready", () => isReady(live.engine.stateUnsafe()))
    for (let sent = 0; sent < clients; sent += 20) {
      const answers = await Promise.all(Array.from({ length: 20 }, () => ask(live.port)))
      assert.deepStrictEqual(new Set(answers), new Set(["good"]))
    }
    await then(live)
    return live
  })

const withServer = <A, E>(use: (config: Config) => Effect.Effect<A, E>) =>
  Effect.gen(function* () {
    const server = yield* Effect.promise(() => named("good"))
    const result = yield* use(configWith([{ candidates: [at(server.port)] }]))
    yield* Effect.promise(() => server.stop())
    return result
  })

/** Sets variables of the environment while `effect` runs. */
const withEnvironment = <A, E>(values: Record<string, string>, effect: Effect.Effect<A, E>) =>
  Effect.acquireUseRelease(
    Effect.sync(() => Object.assign(process.env, values)),
    () => effect,
    () => Effect.sync(() => Object.keys(values).forEach((name) => delete process.env[name]))
  )

const counted = async ({ scrape }: Measured): Promise<number> =>
  Number(/^fairlead_telemetry_dropped_total (\d+)$/m.exec((await scrape()) ?? "")?.[1])

describe("a collector that is", () => {
  const soon = { OTEL_BSP_SCHEDULE_DELAY: "20", OTEL_EXPORTER_OTLP_TIMEOUT: "200" }

  it.live("away delays no client, and the dropped spans are counted and logged once", () =>
    Effect.gen(function* () {
      const collector = yield* Effect.promise(() => fakeCollector())
      yield* Effect.promise(() => collector.stop())
      const said: Array<string> = []
      const logger = Logger.layer([Logger.make(({ message }) => void said.push(String(message)))])
      const run = withServer((config) =>
        served(config, collector.url, 100, async (live) => {
          await until("some are dropped", () => live.droppedUnsafe() >= 200)
          assert.isAtLeast(await counted(live), 200)
        })
      )
      const { droppedUnsafe } = yield* Effect.provide(withEnvironment(soon, run), logger)
      assert.isAtLeast(droppedUnsafe(), 200)
      assert.strictEqual(said.filter((line) => line.includes("telemetry was dropped")).length, 1)
    }))

  it.live("slow (it never answers) delays neither clients nor the shutdown", () =>
    Effect.gen(function* () {
      const collector = yield* Effect.promise(() => fakeCollector(() => {}))
      const run = withServer((config) => served(config, collector.url, 40))
      const { droppedUnsafe } = yield* Effect.timeout(run, 15_000)
      // Two seconds after the end its answer is no longer awaited.
      assert.isAtLeast(droppedUnsafe(), 80)
      assert.isAtLeast(collector.requests(), 1)
      yield* Effect.promise(() => collector.stop())
    }))

  it.live("full gets the spans that fit into the queue; the others are dropped at once", () =>
    Effect.gen(function* () {
      const collector = yield* Effect.promise(() => fakeCollector(() => {}))
      const small = { OTEL_BSP_MAX_QUEUE_SIZE: "30", OTEL_BSP_MAX_EXPORT_BATCH_SIZE: "10" }
      const run = withServer((config) =>
        served(config, collector.url, 200, async (live) => {
          await until("the queue is full", () => live.droppedUnsafe() > 0)
          assert.isAbove(await counted(live), 0)
        })
      )
      yield* withEnvironment(small, run)
      yield* Effect.promise(() => collector.stop())
    }))

  it.live("refusing has its spans counted as dropped", () =>
    Effect.gen(function* () {
      const collector: FakeCollector = yield* Effect.promise(() =>
        fakeCollector((response) => response.writeHead(400).end("no"))
      )
      const run = withServer((config) => served(config, collector.url, 20))
      const { droppedUnsafe } = yield* run
      assert.strictEqual(droppedUnsafe(), collector.spans().length)
      assert.isAtLeast(droppedUnsafe(), 40)
      yield* Effect.promise(() => collector.stop())
    }))
})

describe("telemetry", () => {
  it("makes no tracer without an endpoint, or with a sample ratio of 0", () => {
    assert.isFalse(isTraced(tracesTo("")))
    assert.isFalse(isTraced(tracesTo("http://c:4318", 0)))
    assert.isTrue(isTraced(tracesTo("http://c:4318", 0.01)))
  })

  it("samples the configured share", () => {
    for (const ratio of [0.01, 0.5]) {
      const share = Array.from({ length: 20_000 }, (_, i) => i).filter(sampler(ratio, 42)).length / 20_000
      assert.closeTo(share, ratio, 0.01)
    }
  })

  it("that throws is counted as dropped, and the failure goes no further", () => {
    let dropped = 0
    const drops = { add: (count: number) => void (dropped += count), total: () => dropped }
    const broken = () => {
      throw new Error("broken")
    }
    const entry: Entry = { seq: 0, at: 0, event: { _tag: "Ticked", worker: 0 } }
    const see = countedSee(broken, drops)
    const state = initial(configWith([{ candidates: addresses(1) }]), 1)
    see(entry, [], state)
    see(entry, [], state)
    assert.strictEqual(dropped, 2)
  })
})
