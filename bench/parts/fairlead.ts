/**
 * The forwarder as it runs for real: engine, record on disk; one listener, one upstream. `none` leaves the record out.
 * Telemetry is off unless the fifth argument is its options as JSON.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Scope from "effect/Scope"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import process from "node:process"
import { Disk } from "../../src/adapters/file/Disk.ts"
import * as FileRecorder from "../../src/adapters/file/FileRecorder.ts"
import * as NoRecorder from "../../src/adapters/memory/NoRecorder.ts"
import * as NodeResolver from "../../src/adapters/node/NodeResolver.ts"
import * as NodeTransport from "../../src/adapters/node/NodeTransport.ts"
import * as Telemetry from "../../src/adapters/otel/Telemetry.ts"
import type { State } from "../../src/core/model/State.ts"
import { Acceptor } from "../../src/plane/Acceptor.ts"
import { Plane } from "../../src/plane/Plane.ts"
import { Engine } from "../../src/shell/Engine.ts"
import * as Observer from "../../src/shell/Observer.ts"
import { upstreamTarget } from "../../src/plane/Target.ts"
import { configWith } from "../../test/support/config.ts"
import { quantile } from "../support/rounds.ts"
import { answer, usage } from "../support/child.ts"

const upstreamPort = Number(process.argv[2])
const candidates = Number(process.argv[4] ?? 1)
const directory = await mkdtemp(join(tmpdir(), "fairlead-bench-"))
const scope = Scope.makeUnsafe()
let turnsUs: Array<number> = []
let droppedUnsafe = () => 0

const recorder = FileRecorder.layer({
  directory,
  disk: new Disk(5_000),
  run: { id: "bench", seed: 1 },
  segmentBytes: 64 * 1024 * 1024,
  segments: 16,
  maxAgeMs: 86_400_000,
  bufferBytes: 8 * 1024 * 1024,
  flushIntervalMs: 50
})
const engine = Engine.layer({
  config: configWith([{
    pool: { mode: process.env["BENCH_POOL"] === "off" ? "off" : "dynamic" },
    candidates: [{ host: "127.0.0.1", port: upstreamPort }, ...refusing(candidates - 1)]
  }]),
  seed: 1,
  mailbox: 65_536,
  turnMs: 2,
  gatherMs: Number(process.env["BENCH_GATHER"] ?? 2),
  restartDelayMs: 1_000,
  onTurn: (tookUs) => turnsUs.push(tookUs)
})
const { metrics, endpoint, sampleRatio } = JSON.parse(process.argv[5] ?? '{"metrics":false,"endpoint":"","sampleRatio":0}')
const telemetry = {
  metrics,
  otlp: { endpoint, sampleRatio, headers: Redacted.make({}) },
  serviceName: "bench",
  attributes: {}
}
const records = process.argv[3] === "file" ? recorder : NoRecorder.layer
const listener = {
  name: "web",
  listen: { host: "127.0.0.1", port: 0 },
  target: upstreamTarget("web"),
  maxConnections: 10_000,
  backlog: 512
}
const layer = Acceptor.layer([listener]).pipe(
  Layer.provideMerge(engine),
  Layer.provideMerge(Plane.layer),
  Layer.provideMerge(Layer.mergeAll(NodeTransport.layer, NodeResolver.layer, records)),
  Layer.provideMerge(Observer.layer(Effect.all([Telemetry.observer]))),
  Layer.provideMerge(Telemetry.layer(telemetry, "bench", 1))
)

const started = Effect.runPromise(Effect.gen(function* () {
  const services = yield* Layer.buildWithScope(layer, scope)
  return yield* Effect.gen(function* () {
    const { stateUnsafe } = yield* Engine
    while (!serves(stateUnsafe())) yield* Effect.sleep(5)
    const acceptor = yield* Acceptor
    droppedUnsafe = (yield* Telemetry.Telemetry).drops.total
    return acceptor.statusUnsafe()[0]?.listen.port
  }).pipe(Effect.provide(services))
}))

/** The listening candidate has been measured. */
function serves(state: State): boolean {
  return state.routes.upstreams[0]?.state === "active"
}

/** Addresses of this machine on which no server listens. */
function refusing(count: number) {
  return Array.from({ length: count }, (_, i) => ({ host: `127.1.${Math.floor(i / 250)}.${(i % 250) + 1}`, port: 9 }))
}

/** How long the turns since the last question took. */
function turns() {
  const ascending = turnsUs.toSorted((a, b) => a - b)
  turnsUs = []
  return {
    turns: ascending.length,
    medianUs: quantile(ascending, 0.5),
    p99Us: quantile(ascending, 0.99),
    p999Us: quantile(ascending, 0.999),
    worstUs: ascending.at(-1) ?? 0
  }
}

const answers: Readonly<Record<string, () => unknown>> = {
  port: () => started,
  turns,
  dropped: () => droppedUnsafe(),
  usage
}

answer(
  (question) => answers[question]?.(),
  async () => {
    await Effect.runPromise(Scope.close(scope, Exit.void))
    await rm(directory, { recursive: true, force: true })
  }
)
