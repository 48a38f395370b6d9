/** The real engine and acceptor over real sockets on loopback, recorded in memory. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as MemoryRecorder from "../../src/adapters/memory/MemoryRecorder.ts"
import * as NodeResolver from "../../src/adapters/node/NodeResolver.ts"
import * as NodeTransport from "../../src/adapters/node/NodeTransport.ts"
import type { Config } from "../../src/core/model/Config.ts"
import type { Replay } from "../../src/record/replay.ts"
import { Replay as ReplayClass } from "../../src/record/replay.ts"
import { Acceptor } from "../../src/plane/Acceptor.ts"
import { Plane } from "../../src/plane/Plane.ts"
import type { EngineOptions } from "../../src/shell/Engine.ts"
import { Engine } from "../../src/shell/Engine.ts"
import { Recorder } from "../../src/shell/Recorder.ts"
import type { Resolver } from "../../src/plane/ports/Resolver.ts"
import { upstreamTarget } from "../../src/plane/Target.ts"

export interface Live {
  readonly engine: Engine["Service"]
  readonly acceptor: Acceptor["Service"]
  readonly port: number
  readonly recorder: ReturnType<typeof MemoryRecorder.make>
}

export const liveLayer = (
  config: Config,
  options: Partial<EngineOptions> = {},
  maxConnections = 10_000,
  resolver: Layer.Layer<Resolver> = NodeResolver.layer
) => {
  const recorder = MemoryRecorder.make({ id: "test", seed: 1 })
  const engine = Engine.layer({ config, seed: 1, mailbox: 65_536, turnMs: 2, gatherMs: 2, restartDelayMs: 10, ...options })
  const listener = {
    name: "web",
    listen: { host: "127.0.0.1", port: 0 },
    target: upstreamTarget(config.upstreams[0]?.name ?? ""),
    maxConnections,
    backlog: 512
  }
  const base = Layer.mergeAll(NodeTransport.layer, resolver, Layer.succeed(Recorder, recorder))
  return {
    recorder,
    layer: Acceptor.layer([listener]).pipe(
      Layer.provideMerge(engine),
      Layer.provideMerge(Plane.layer),
      Layer.provideMerge(base)
    )
  }
}

/** Runs `use` against a live forwarder and returns its record's segments beside the result, after a clean stop. */
export const withLive = <A, E>(
  config: Config,
  use: (live: Live) => Effect.Effect<A, E>,
  options: Partial<EngineOptions> = {},
  maxConnections?: number,
  resolver?: Layer.Layer<Resolver>
) =>
  Effect.gen(function* () {
    const { recorder, layer } = liveLayer(config, options, maxConnections, resolver)
    const result = yield* Effect.gen(function* () {
      const engine = yield* Engine
      const acceptor = yield* Acceptor
      const port = acceptor.statusUnsafe()[0]?.listen.port ?? 0
      const value = yield* use({ engine, acceptor, port, recorder })
      yield* acceptor.drain(1_000)
      yield* Effect.sleep(20)
      return value
    }).pipe(Effect.provide(layer), Effect.scoped)
    return { result, segments: recorder.segments }
  })

/** Replays segments that are in memory. */
export function replayText(segments: ReadonlyArray<string>, replay: Replay = new ReplayClass()) {
  segments.forEach((text, i) => {
    replay.segment(i + 1)
    const lines = text.split("\n")
    const torn = lines.pop() ?? ""
    for (const line of lines) replay.line(line)
    replay.segmentEnd(torn.length, true)
  })
  return replay.verdict()
}
