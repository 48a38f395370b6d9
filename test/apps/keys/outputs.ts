/** What the running service writes to disks and to its log, and answers on its admin port. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as fs from "node:fs"
import * as net from "node:net"
import * as HistoryFile from "../../../src/adapters/file/HistoryFile.ts"
import * as Log from "../../../src/adapters/logging/Log.ts"
import { LogThreshold } from "../../../src/apps/LogThreshold.ts"
import * as HistoryKeeper from "../../../src/shell/HistoryKeeper.ts"
import { HistoryStore } from "../../../src/shell/HistoryStore.ts"
import { openEvents, request } from "../../support/admin.ts"
import { inScratch } from "../../support/command.ts"
import { until } from "../../support/servers.ts"
import { Simulation } from "../../../src/sim/Simulation.ts"
import { fakeCollector } from "../../support/telemetry.ts"
import type { Json, Row } from "./Row.ts"
import { settingsOf } from "./Row.ts"
import type { Service } from "./service.ts"
import { echoed, lasts, placed, row, served, serving } from "./service.ts"
import { answering } from "./toy.ts"

const onAdmin: Json = { admin: { listen: "127.0.0.1:0" } }
const filesIn = (directory: string) =>
  fs.existsSync(directory) ? fs.readdirSync(directory).filter((name) => /^\d+\.ndjson/.test(name)) : []

/** Runs a service in which this section writes below a directory of its own, and gives what `use` finds there. */
const writing = <A>(file: Json, section: string, use: (service: Service, place: string) => Promise<A>) =>
  echoed(
    file,
    (file) => placed(file, section, (file, directory) => serving(file, (service) => use(service, `${directory}/${section}`)))
  )

/** Posts `count` entries and waits until they are folded. */
async function entries({ engine }: Service, count: number): Promise<void> {
  const target = engine.stateUnsafe().seq + count
  for (let i = 0; i < count; i++) engine.postUnsafe({ _tag: "WallRead", worker: 0, wallMs: 1_790_000_000_000 + i })
  await until("they are folded", () => engine.stateUnsafe().seq >= target)
}

/** Posts small entries, one written batch after another, until `enough` or for 40 batches. */
async function filled(service: Service, enough: () => boolean): Promise<boolean> {
  for (let round = 0; round < 40 && !enough(); round++) {
    const { to } = service.recorder.statusUnsafe()
    await entries(service, 100)
    await until("they are written", () => service.recorder.statusUnsafe().to !== to)
  }
  return enough()
}

/** Whether more than three segments come to exist. */
const manySegments = (file: Json) =>
  writing(file, "eventLog", (service, place) => filled(service, () => filesIn(place).length > 3))

/** Whether a file is made when the value is its name. */
const made = (section: string) => (file: Json) =>
  echoed(file, (file) =>
    inScratch(async (directory) => {
      const own = file[section] as Json
      const place = own["path"] === "none" ? "none" : `${directory}/${String(own["path"])}`
      await serving({ ...file, [section]: { ...own, path: place } }, async ({ engine }) => {
        await until("something is known", () => engine.stateUnsafe().seq > 2)
      })
      return fs.readdirSync(directory).filter((name) => !name.endsWith(".lock")).length > 0
    }))

const oldSegment = (file: Json) =>
  echoed(file, (file) =>
    placed(file, "eventLog", async (file, directory) => {
      const place = `${directory}/eventLog`
      fs.mkdirSync(place)
      const old = `${place}/00000001.ndjson`
      fs.writeFileSync(old, "")
      const twoDaysAgo = new Date(Date.now() - 2 * 86_400_000)
      fs.utimesSync(old, twoDaysAgo, twoDaysAgo)
      // The age of a segment is checked when a new one begins.
      await serving(file, async (service) => void await filled(service, () => filesIn(place).length > 3))
      return filesIn(place).some((name) => name.startsWith("00000001"))
    }))

/** Whether there is a gap when entries come faster than any disk writes. */
const flooded = (file: Json) =>
  writing(file, "eventLog", async (service) => {
    await entries(service, 3_000)
    return service.recorder.statusUnsafe().gaps > 0
  })

/** The time that three single entries, one after the other, take to reach the disk. */
const written = (file: Json) =>
  writing(file, "eventLog", async (service, place) => {
    const size = () => filesIn(place).reduce((sum, name) => sum + fs.statSync(`${place}/${name}`).size, 0)
    await until("it has begun", () => size() > 0)
    let took = 0
    for (let round = 0; round < 3; round++) {
      const quiet = size()
      service.engine.postUnsafe({ _tag: "WallRead", worker: 0, wallMs: 1_790_000_000_000 + round })
      took += await lasts("it is written", () => size() > quiet)
    }
    return took
  })

/** The time until `versions` versions of an always changing history are written. */
const rewritten = (versions: number) => (file: Json) => {
  const { firstWrite: firstWriteMs, flushInterval: flushIntervalMs, timeout: timeoutMs } = settingsOf(file).history
  const { state } = answering(new Simulation(settingsOf(file).core), 2).start().run(5_000)
  let saves = 0
  const load = Effect.succeed({ records: [], dropped: 0, problem: null })
  const store = Layer.succeed(HistoryStore, { load, save: () => Effect.sync(() => void saves++) })
  const keeper = HistoryKeeper.HistoryKeeper.layer({
    enabled: true,
    firstWriteMs,
    flushIntervalMs,
    timeoutMs,
    network: () => ""
  })
  return Effect.gen(function* () {
    yield* (yield* HistoryKeeper.HistoryKeeper).keep(() => ({ ...state }))
    return yield* Effect.promise(() => lasts("they are written", () => saves >= versions))
  }).pipe(Effect.provide(Layer.provide(keeper, store)), Effect.scoped, Effect.runPromise)
}

/** How many of a hundred addresses of an earlier run are known after the start. */
const remembered = (file: Json) =>
  placed(file, "history", async (file) => {
    const place = String((file["history"] as Json)["path"])
    const store = HistoryFile.layer({ path: place, maxEntries: 1_024, maxBytes: 1_048_576, timeoutMs: 5_000 })
    const records = Array.from({ length: 100 }, (_, i) => ({
      host: "",
      upstream: "web",
      port: 443,
      address: `198.18.0.${i + 1}`,
      sources: ["user-static" as const],
      latencyMs: 1,
      measuredMs: Date.now(),
      expiresMs: Date.now() + 3_600_000
    }))
    const save = Effect.gen(function* () {
      yield* (yield* HistoryStore).save(records)
    })
    await Effect.runPromise(Effect.scoped(Effect.provide(save, store)))
    return serving(file, async ({ engine }) => {
      await until("it has begun", () => engine.stateUnsafe().seq > 1)
      return engine.stateUnsafe().remembered.records.length
    })
  })

/** The time of a start with a disk that never answers. */
const silent = (file: Json) => {
  const { firstWrite: firstWriteMs, flushInterval: flushIntervalMs, timeout: timeoutMs } = settingsOf(file).history
  const store = Layer.succeed(HistoryStore, { load: Effect.never, save: () => Effect.never })
  const keeper = HistoryKeeper.HistoryKeeper.layer({
    enabled: true,
    firstWriteMs,
    flushIntervalMs,
    timeoutMs,
    network: () => ""
  })
  const began = performance.now()
  return Effect.runPromise(
    Effect.scoped(Effect.map(Layer.build(Layer.provide(keeper, store)), () => performance.now() - began))
  )
}

const traced = (file: Json) =>
  echoed(file, async (file) => {
    const collector = await fakeCollector()
    const telemetry = (file["telemetry"] ?? {}) as Json
    const otlp = { endpoint: "here", ...(telemetry["otlp"] as Json) }
    const own = {
      ...file,
      telemetry: { ...telemetry, otlp: { ...otlp, endpoint: otlp["endpoint"] === "" ? "" : collector.url } }
    }
    await serving(own, async ({ port }) => (await served(port)).socket.destroy())
    await collector.stop()
    return collector.requests() > 0
  })

/** Answers of the admin port. */
const asking = <A>(file: Json, use: (admin: number, service: Service) => Promise<A>) =>
  echoed(file, (file) => serving(file, (service) => use(service.admin, service)))
const statusAt = (path: string, headers = {}) => (file: Json) =>
  asking(file, async (admin) => (await request(admin, path, { headers })).status)

/** The time until a caller that never ends its request is cut off. */
const slowCaller = (file: Json) =>
  asking(file, (admin) => {
    const socket = net.connect(admin, "127.0.0.1", () => socket.write("GET /healthz HTTP/1.1\r\n"))
    let closed = false
    socket.on("error", () => {}).on("close", () => (closed = true)).resume()
    return lasts("it is cut off", () => closed)
  })

/** Whether a page is refused while two orders with incomplete bodies are under way. */
const withOrders = (file: Json) =>
  asking(file, async (admin) => {
    const orders = [1, 2].map(() => net.connect(admin, "127.0.0.1").on("error", () => {}))
    for (const one of orders) one.write("PUT /enabled HTTP/1.1\r\nHost: localhost\r\nContent-Length: 16\r\n\r\n{")
    let isRefused = false
    for (let i = 0; i < 100 && !isRefused; i++) isRefused = (await request(admin, "/status")).status === 503
    for (const one of orders) one.destroy()
    return isRefused
  })

/** The number of facts of one kind that are published at once. */
const FACTS = 60
const tell = ({ facts }: Service) =>
  Effect.runPromise(Effect.forEach(
    Array.from({ length: FACTS }),
    () => facts.tell("IpPoolConfigUpdate", { upstream: null, applied: false, problems: 1 }),
    { discard: true }
  ))

/** The lines of a log with these settings after `say`. */
const logged = (file: Json, say: Effect.Effect<void>) =>
  inScratch(async (directory) => {
    const { level, format, output, buffer, timeout } = settingsOf(file).log
    const place = `${directory}/${output === "stderr" ? "log" : output}`
    const layer = Log.layer({ threshold: new LogThreshold(level), format, output: place, buffer, timeout, secrets: [] })
    await Effect.runPromise(Effect.provide(say, layer).pipe(Effect.scoped))
    return fs.readdirSync(directory).flatMap((name) => {
      return fs.readFileSync(`${directory}/${name}`, "utf8").trim().split("\n").map((line) => ({ name, line }))
    })
  })
const burst = Effect.forEach(Array.from({ length: 500 }), () => Effect.logInfo("x".repeat(100)), { discard: true })

/** How long the cookie of the dashboard opens the port, in ms. */
const sessionOf = (file: Json) =>
  asking(file, async (admin) => {
    const begun = performance.now()
    const headers = { authorization: "Bearer s3cr3t" }
    const answer = await request(admin, "/session", { method: "POST", headers })
    const [cookie = ""] = answer.headers["set-cookie"]?.[0]?.split(";") ?? []
    const isOpen = async () => (await request(admin, "/status", { headers: { cookie } })).status !== 401
    if (!await isOpen()) return 0
    while (await isOpen()) await new Promise((resolve) => setTimeout(resolve, 5))
    return performance.now() - begun
  })

export const OUTPUTS: ReadonlyArray<Row> = [
  row("history.path", ["none", "h.json"], [false, true], made("history"), { eventLog: { path: "none" } }),
  row("history.maxBytes", ["1KiB", "1MiB"], [0, 100], remembered, { eventLog: { path: "none" } }),
  row("history.flushInterval", ["20ms", "500ms"], "more", rewritten(4)),
  row("history.firstWrite", ["20ms", "900ms"], "more", rewritten(1)),
  row("history.timeout", ["30ms", "500ms"], "more", silent),
  row("eventLog.path", ["none", "log"], [false, true], made("eventLog"), { history: { path: "none" } }),
  row("eventLog.segmentBytes", ["4KiB", "1GiB"], [true, false], manySegments, {
    eventLog: { segments: 100 },
    history: { path: "none" }
  }),
  row("eventLog.segments", [1, 100], [false, true], manySegments, {
    eventLog: { segmentBytes: "4KiB" },
    history: { path: "none" }
  }),
  row("eventLog.maxAge", ["1d", "7d"], [false, true], oldSegment, {
    eventLog: { segmentBytes: "4KiB", segments: 100 },
    history: { path: "none" }
  }),
  row("eventLog.buffer", ["64KiB", "64MiB"], [true, false], flooded, { history: { path: "none" } }),
  row("eventLog.flushInterval", ["5ms", "600ms"], "more", written, {
    history: { path: "none" },
    pool: { mode: "off" },
    probing: { interval: "1h" }
  }),
  row("telemetry.otlp.endpoint", ["", "here"], [false, true], traced),
  row("telemetry.otlp.sampleRatio", [0, 1], [false, true], traced),
  row("telemetry.metrics", [true, false], [200, 404], statusAt("/metrics"), onAdmin),
  row("admin.listen", ["off", "127.0.0.1:0"], [false, true], (file) => asking(file, (admin) => Promise.resolve(admin > 0))),
  row("admin.hosts", [["127.0.0.1"], ["ops.example"]], [200, 421], statusAt("/healthz"), onAdmin),
  row("admin.token", ["", "s3cr3t"], [200, 401], statusAt("/status"), onAdmin),
  row("admin.timeout", ["200ms", "1500ms"], "more", slowCaller, onAdmin),
  row("admin.session", ["200ms", "700ms"], "more", sessionOf, { admin: { listen: "127.0.0.1:0", token: "s3cr3t" } }),
  row("admin.heartbeat", ["100ms", "700ms"], "more", (file) =>
    asking(file, async (admin) => {
      const events = await openEvents(admin)
      const took = await lasts("it lives", () => events.text().includes(": alive"))
      events.stop()
      return took
    }), onAdmin),
  row("privacy.addresses", ["redacted", "full"], [false, true], (file) =>
    serving(file, async ({ admin, facts }) => {
      const events = await openEvents(admin, { "last-event-id": "0" })
      await until("something is told", () => facts.latestUnsafe() > 0 && events.text().includes("IpPoolCidrFilter"))
      events.stop()
      return events.text().includes("198.51.100.7")
    }), { ...onAdmin, access: { deny: ["198.51.100.0/24"] }, upstreams: { web: { candidates: ["198.51.100.7:9"] } } }),
  row("limits.factsPerSecond", [5, 1_000], "more", (file) =>
    asking(file, async (_admin, service) => {
      const before = service.facts.latestUnsafe()
      await tell(service)
      return service.facts.latestUnsafe() - before
    })),
  row("limits.factsKept", [10, 1_000], "more", (file) =>
    asking(file, async (admin, service) => {
      await tell(service)
      const events = await openEvents(admin, { "last-event-id": "0" })
      await until("the last is told", () => events.facts().some(({ seq }) => seq === service.facts.latestUnsafe()))
      events.stop()
      return events.facts().length
    }), { ...onAdmin, limits: { factsPerSecond: 1_000 } }),
  row("limits.adminClients", [2, 16], [true, false], withOrders, onAdmin),
  row("limits.eventReaders", [1, 2], [[200, 503], [200, 200]], (file) =>
    asking(file, async (admin) => {
      const readers = [await openEvents(admin), await openEvents(admin)]
      for (const one of readers) one.stop()
      return readers.map(({ status }) => status)
    }), onAdmin),
  row(
    "log.level",
    ["info", "warn"],
    [1, 0],
    async (file) => (await logged(file, Effect.logInfo("hello"))).filter(({ line }) => line.includes("hello")).length
  ),
  row(
    "log.format",
    ["text", "json"],
    [false, true],
    async (file) => (await logged(file, Effect.logInfo("hello")))[0]?.line.startsWith("{")
  ),
  row("log.output", ["one", "two"], ["one", "two"], async (file) => (await logged(file, Effect.logInfo("hello")))[0]?.name),
  row("log.buffer", ["4KiB", "1MiB"], "more", async (file) => (await logged(file, burst)).length)
]
