/** `/metrics` compared with the counts of clients and servers, and checked by Prometheus' promtool. */
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import { spawnSync } from "node:child_process"
import * as fs from "node:fs"
import * as net from "node:net"
import { CATALOGUE } from "../../src/adapters/otel/catalogue.ts"
import { Meters } from "../../src/adapters/otel/Meters.ts"
import { EntryMeters } from "../../src/adapters/otel/EntryMeters.ts"
import { ScrapedMeters } from "../../src/adapters/otel/ScrapedMeters.ts"
import { watchLoopLag } from "../../src/adapters/otel/loopLag.ts"
import { makePage } from "../../src/adapters/otel/prometheus.ts"
import * as Vector from "../../src/core/data/Vector.ts"
import { isReady } from "../../src/core/ready.ts"
import type { ListenerStatus } from "../../src/plane/ports/ListenerStatus.ts"
import { unable } from "../support/able.ts"
import { addresses, configWith, onDemandDefaults } from "../support/config.ts"
import { serve, until } from "../support/servers.ts"
import { Simulation } from "../../src/sim/Simulation.ts"
import { measured } from "../support/measured.ts"
import { metricsOnly, seriesOf, sumOf, withTelemetry } from "../support/telemetry.ts"

/** Sends `size` bytes to an echo, waits for them, and ends with FIN or with a reset. */
function client(port: number, size: number, leave: "end" | "reset"): Promise<number> {
  return new Promise((resolve) => {
    let bytes = 0
    const socket = net.connect({ port, host: "127.0.0.1" }, () => socket.write(new Uint8Array(size)))
    socket.on("data", (chunk) => {
      bytes += chunk.length
      if (bytes < size) return
      if (leave === "end") socket.end()
      else socket.resetAndDestroy()
    })
    socket.on("error", () => {})
    socket.on("close", () => resolve(bytes))
  })
}

/** The first page for which `holds` is true. */
async function pageThat(scrape: () => Promise<string | undefined>, holds: (page: string) => boolean): Promise<string> {
  const giveUp = performance.now() + 10_000
  for (;;) {
    const page = (await scrape()) ?? ""
    if (holds(page)) return page
    if (performance.now() > giveUp) throw new Error(`still not the page that was waited for:\n${page}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

const from = (start: string) => (page: string) => sumOf(page, start)
const connections = from("fairlead_connections_total{")

describe("metrics", () => {
  it.live("equal what clients and servers counted", () =>
    Effect.gen(function* () {
      const servers = yield* Effect.promise(() => Promise.all([1, 2].map(() => serve((socket) => socket.pipe(socket)))))
      const config = configWith([{
        candidates: servers.map(({ port }) => ({ host: "127.0.0.1", port })),
        pool: { min: 2 },
        probing: { intervalMs: 100 }
      }])
      yield* withTelemetry(config, metricsOnly, async ({ engine, acceptor, port, scrape }) => {
        await until("ready", () => isReady(engine.stateUnsafe()))
        let up = 0
        let down = 0
        for (let wave = 0; wave < 10; wave++) {
          const sizes = Array.from({ length: 20 }, (_, i) => 1 + ((wave * 20 + i) * 7_919) % 50_000)
          const clients = sizes.map((size, i) => client(port, size, i === 0 ? "reset" : "end"))
          up += sizes.reduce((sum, size) => sum + size, 0)
          down += (await Promise.all(clients)).reduce((sum, bytes) => sum + bytes, 0)
        }
        const taken = () => servers.reduce((sum, server) => sum + server.connections(), 0)
        const page = await pageThat(scrape, (page) =>
          connections(page) === 200 && sumOf(page, "fairlead_connect_seconds_count{") === taken())
        const of = (name: string) =>
          seriesOf(page).get(name)
        assert.strictEqual(of('fairlead_connections_total{listener="web",result="done"}'), 190)
        assert.strictEqual(of('fairlead_connections_total{listener="web",result="client-reset"}'), 10)
        assert.strictEqual(of('fairlead_connections_active{listener="web"}'), 0)
        assert.strictEqual(of('fairlead_bytes_total{listener="web",direction="up"}'), up)
        assert.strictEqual(of('fairlead_bytes_total{listener="web",direction="down"}'), down)
        assert.strictEqual(of('fairlead_first_byte_seconds_count{listener="web"}'), 200)
        assert.strictEqual(sumOf(page, "ip_pool_selection_total"), 200)
        assert.strictEqual(of('ip_pool_selection_total{source="user-static"}'), 200)
        const hits = of('fairlead_pool_hits_total{upstream="web"}') ?? 0
        const misses = of('fairlead_pool_misses_total{upstream="web"}') ?? 0
        assert.strictEqual(hits + misses, 200)
        assert.isAbove(hits, 0)
        assert.strictEqual(of('fairlead_connect_seconds_count{upstream="web",kind="client"}'), misses)
        assert.isAtLeast(of('fairlead_connect_seconds_count{upstream="web",kind="warm"}') ?? 0, hits)
        assert.strictEqual(
          of('fairlead_connect_seconds_count{upstream="web",kind="probe"}'),
          of('fairlead_probe_total{upstream="web",result="ok"}')
        )
        assert.strictEqual(of("ip_pool_latency_ms_count"), sumOf(page, "fairlead_connect_seconds_count{"))
        assert.strictEqual(of('fairlead_switch_total{upstream="web",reason="filled"}'), 2)
        assert.strictEqual(of('fairlead_pool_warm{upstream="web"}'), acceptor.warmPool.size)
      })
      yield* Effect.promise(() => Promise.all(servers.map((server) => server.stop())))
    }))

  it.live("count clients that no candidate could serve, and why they had no member", () =>
    Effect.gen(function* () {
      const gone = yield* Effect.promise(() => serve(() => {}))
      yield* Effect.promise(() => gone.stop())
      const config = configWith([{ candidates: [{ host: "127.0.0.1", port: gone.port }] }])
      yield* withTelemetry(config, metricsOnly, async ({ port, scrape }) => {
        await Promise.all(Array.from({ length: 7 }, () => client(port, 10, "end")))
        const page = await pageThat(scrape, (page) => connections(page) === 7 && sumOf(page, "fairlead_probe_total") > 0)
        const of = (name: string) => seriesOf(page).get(name)
        assert.strictEqual(of('fairlead_connections_total{listener="web",result="failed"}'), 7)
        assert.strictEqual(of('ip_pool_fallback_total{reason="unranked"}'), 7)
        assert.strictEqual(of('fairlead_pool_misses_total{upstream="web"}'), 7)
        assert.isAbove(of('fairlead_probe_total{upstream="web",result="refused"}') ?? 0, 0)
        assert.strictEqual(sumOf(page, "fairlead_connect_seconds_count{"), 0)
      })
    }))

  it("report open breakers, unused warm sockets and gaps of the record", () => {
    const world = measured(configWith([{ candidates: addresses(3), probing: { intervalMs: 100 }, pool: { mode: "off" } }]))
    const meters = new Meters()
    const entries = new EntryMeters(meters)
    const scraped = new ScrapedMeters(meters, entries)
    let gaps = 0
    const valueOf = (id: string) => {
      const sources = {
        listenersUnsafe: () => [],
        gapsUnsafe: () => gaps,
        troublesUnsafe: () => new Map([["damaged", 2]]),
        unresolvedUnsafe: () => new Map(),
        droppedUnsafe: () => 3,
        lagUnsafe: () => 250
      }
      scraped.read({ stateUnsafe: world.state, ...sources })
      const snapshot = Metric.snapshotUnsafe(Context.make(Metric.MetricRegistry, meters.registry))
      const found = snapshot.filter((one) => one.id === id).map(({ attributes = {}, state }) => {
        const { upstream: _, ...labels } = attributes
        return [Object.values(labels).join(), "count" in state ? state.count : (state as { value: number }).value]
      })
      return Object.fromEntries(found)
    }
    world.run(200, (ordinal) => ordinal === 1 ? -1 : 5_000, entries.see)
    assert.deepStrictEqual(valueOf("fairlead_breaker_open"), { "": 1 })
    const probes = valueOf("fairlead_probe_total")
    assert.isAtLeast(probes["refused"] as number, 5)
    assert.isAbove(probes["ok"] as number, 0)
    assert.deepStrictEqual(valueOf("fairlead_switch_total"), { filled: 2 })
    const [, second] = Vector.toArray(world.state().candidates)
    const lost = { _tag: "WarmLost", worker: 0, warm: 1, candidate: second?.id ?? -1, reason: "expired", ageUs: 1 } as const
    entries.see({ seq: 0, at: 0, event: lost }, [], world.state())
    assert.deepStrictEqual(valueOf("fairlead_pool_closed_total"), { expired: 1 })
    const answer = { worker: 0, resolve: 1, upstream: 0 }
    const resolved = { _tag: "Resolved", ...answer, addresses: [], omitted: 7, silent: 2 } as const
    entries.see({ seq: 0, at: 0, event: { ...resolved, more: true } }, [], world.state())
    entries.see({ seq: 0, at: 0, event: resolved }, [], world.state())
    const failed = { _tag: "ResolveFailed", ...answer, reason: "ETIMEOUT" } as const
    entries.see({ seq: 0, at: 0, event: failed }, [], world.state())
    entries.see({ seq: 0, at: 0, event: { ...failed, reason: "ENOTFOUND" } }, [], world.state())
    assert.deepStrictEqual(valueOf("fairlead_dns_omitted_total"), { "": 7 })
    assert.deepStrictEqual(valueOf("fairlead_dns_silent_total"), { "": 3 })
    assert.deepStrictEqual(valueOf("fairlead_history_errors_total"), { damaged: 2 })
    gaps = 2
    assert.deepStrictEqual(valueOf("fairlead_record_gaps_total"), { "": 2 })
    assert.deepStrictEqual(valueOf("fairlead_record_gaps_total"), { "": 2 })
    assert.deepStrictEqual(valueOf("fairlead_telemetry_dropped_total"), { "": 3 })
    assert.deepStrictEqual(valueOf("fairlead_event_loop_lag_seconds"), { "": 0.25 })
  })

  it.live("show how long the event loop was blocked", () =>
    Effect.scoped(Effect.gen(function* () {
      const worstMs = yield* watchLoopLag
      const stuckUntil = performance.now() + 300
      while (performance.now() < stuckUntil) continue
      yield* Effect.promise(() => until("it was seen", () => worstMs() >= 100))
    })))

  it("of a removed listener show no active clients, and count refused ones once", () => {
    const world = measured(configWith([{ candidates: addresses(1) }]))
    const meters = new Meters()
    const scraped = new ScrapedMeters(meters, new EntryMeters(meters))
    const status = (name: string, refused: number): ListenerStatus => ({
      name,
      protocol: "tcp",
      asksUser: false,
      listen: { host: "127.0.0.1", port: 1 },
      connections: 3,
      waiting: 0,
      paused: false,
      accepted: 3,
      refused,
      turnedAway: {}
    })
    const read = (...listeners: ReadonlyArray<ListenerStatus>) => {
      const none = () => 0
      const listenersUnsafe = () => listeners
      scraped.read({
        stateUnsafe: world.state,
        listenersUnsafe,
        gapsUnsafe: none,
        troublesUnsafe: () => new Map(),
        unresolvedUnsafe: () => new Map(),
        droppedUnsafe: none,
        lagUnsafe: none
      })
      const snapshot = Metric.snapshotUnsafe(Context.make(Metric.MetricRegistry, meters.registry))
      const of = (id: string) => snapshot.filter((one) => one.id === id)
      return {
        active: of("fairlead_connections_active").map(({ attributes }) => attributes?.["listener"]),
        refused: of("fairlead_connections_total").filter(({ attributes }) => attributes?.["result"] === "refused")
          .map(({ state }) => (state as { readonly count: number }).count)
      }
    }
    assert.deepStrictEqual(read(status("a", 2), status("b", 0)), { active: ["a", "b"], refused: [2] })
    assert.deepStrictEqual(read(status("a", 5)), { active: ["a"], refused: [5] })
    // A listener that is bound again counts from zero.
    assert.deepStrictEqual(read(status("a", 1), status("b", 0)), { active: ["a", "b"], refused: [6] })
  })

  it.live("are not served when they are off", () =>
    withTelemetry(configWith([{ candidates: addresses(1) }]), { ...metricsOnly, metrics: false }, async ({ scrape }) => {
      assert.isUndefined(await scrape())
    }))

  it.effect("of 10,000 candidates have fewer than 200 series, and drop candidates that left the window", () =>
    Effect.gen(function* () {
      const world = measured(configWith([{ candidates: addresses(10_000) }]))
      const meters = new Meters()
      const entries = new EntryMeters(meters)
      const scraped = new ScrapedMeters(meters, entries)
      const sources = {
        stateUnsafe: world.state,
        listenersUnsafe: () => [],
        gapsUnsafe: () => 0,
        troublesUnsafe: () => new Map<string, number>(),
        unresolvedUnsafe: () => new Map(),
        droppedUnsafe: () => 0,
        lagUnsafe: () => 0
      }
      const page = yield* makePage(meters, metricsOnly, "0.0.0", () => scraped.read(sources))
      const shown = (text: string) =>
        [...seriesOf(text).keys()].filter((name) => name.startsWith("fairlead_candidate_score{"))
      world.run(1_000, (ordinal) => 20_000 + ordinal * 10, entries.see)
      const before = yield* page.text
      world.run(4_000, (ordinal) => 900_000 - ordinal * 80, entries.see)
      const after = yield* page.text
      for (const text of [before, after]) {
        assert.isBelow([...seriesOf(text).keys()].filter((name) => name.includes('upstream="web"')).length, 200)
        assert.strictEqual(shown(text).length, 8)
      }
      assert.isAbove(shown(before).filter((name) => !shown(after).includes(name)).length, 0)
    }))

  it.effect("of on-demand names share one label, and count the evicted names", () =>
    Effect.gen(function* () {
      const onDemand = { ...onDemandDefaults, maxEntries: 3 }
      const toy = new Simulation({ ...configWith([{ candidates: addresses(1) }]), onDemand }, { otherwise: 10 })
      for (let i = 0; i < 10; i++) toy.names(`n${i}.example`, [`198.19.0.${i + 1}`])
      toy.start().run(1_000)
      for (let i = 0; i < 10; i++) toy.asks(`n${i}.example`).run(200)
      const meters = new Meters()
      const entries = new EntryMeters(meters)
      const scraped = new ScrapedMeters(meters, entries)
      toy.entries.forEach((entry, i) => entries.see(entry, toy.advanced[i]!.decisions, toy.advanced[i]!.state))
      const sources = {
        stateUnsafe: () => toy.state,
        listenersUnsafe: () => [],
        gapsUnsafe: () => 0,
        troublesUnsafe: () => new Map<string, number>(),
        unresolvedUnsafe: () => new Map(),
        droppedUnsafe: () => 0,
        lagUnsafe: () => 0
      }
      const page = yield* (yield* makePage(meters, metricsOnly, "0.0.0", () => scraped.read(sources))).text
      const of = (name: string) => seriesOf(page).get(name)
      assert.strictEqual(of('fairlead_on_demand_evicted_total{reason="limit"}'), 7)
      assert.strictEqual(of('fairlead_on_demand_evicted_total{reason="idle"}'), 0)
      // The winners' handshakes; three names keep the socket of their race.
      assert.strictEqual(of('fairlead_connect_seconds_count{upstream="on-demand",kind="warm"}'), 10)
      assert.strictEqual(of('fairlead_pool_warm{upstream="on-demand"}'), 3)
      assert.notInclude(page, ".example")
      assert.notInclude(page, 'candidate="on-demand')
    }))

  it.live("pass promtool, except for the prescribed name ip_pool_latency_ms", (context) =>
    Effect.gen(function* () {
      if (spawnSync("promtool", ["--version"]).status !== 0) return unable(context, "promtool", "promtool is not installed")
      const server = yield* Effect.promise(() => serve((socket) => socket.pipe(socket)))
      const config = configWith([{ candidates: [{ host: "127.0.0.1", port: server.port }] }])
      yield* withTelemetry(config, metricsOnly, async ({ engine, port, scrape }) => {
        await until("ready", () => isReady(engine.stateUnsafe()))
        await client(port, 10, "end")
        const page = await pageThat(scrape, (page) => connections(page) === 1)
        const missing = CATALOGUE.filter(({ name, kind }) => !page.includes(`# TYPE ${name} ${kind}\n`)).map(({ name }) =>
          name
        )
        // Nothing has failed and there is no history, so these have no series yet.
        assert.deepStrictEqual(missing, [
          "fairlead_pool_closed_total",
          "fairlead_suspected_total",
          "fairlead_history_errors_total",
          "ip_pool_fallback_total",
          "fairlead_dns_failed_total",
          "fairlead_tls_stage_total",
          "fairlead_tls_stage_off"
        ])
        const { stdout, stderr } = spawnSync("promtool", ["check", "metrics"], { input: page, encoding: "utf8" })
        const complaints = `${stdout}${stderr}`.split("\n").filter((line) => line !== "")
        assert.deepStrictEqual(complaints.filter((line) => !line.startsWith("ip_pool_latency_ms ")), [])
        assert.isAtLeast(complaints.length, 1)
      })
      yield* Effect.promise(() => server.stop())
    }))

  it("are all in docs/operations.md, with their labels and meanings", () => {
    const page = fs.readFileSync("docs/operations.md", "utf8")
    for (const { name, kind, labels, help } of CATALOGUE) {
      assert.include(page, `| \`${name}\` | ${kind} | ${labels.join(", ")} | ${help} |`)
    }
    assert.strictEqual(page.match(/^\| `(fairlead|ip_pool)_\w+` \|/gm)?.length, CATALOGUE.length)
  })
})
