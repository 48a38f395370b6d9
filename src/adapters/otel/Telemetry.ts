/**
 * Telemetry as two layers. `layer` gives the engine its observer. `pageLayer` gives the admin port its page of metrics, from
 * the same meters and from what the services know at the moment of a scrape. A part that is turned off is not loaded.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Acceptor } from "../../plane/Acceptor.ts"
import { Engine } from "../../shell/Engine.ts"
import { Exposition } from "../../shell/Exposition.ts"
import { troubles } from "../../shell/HistoryKeeper.ts"
import type { Folded } from "../../shell/Observer.ts"
import { Observer } from "../../shell/Observer.ts"
import { Recorder } from "../../shell/Recorder.ts"
import type { Drops } from "./Drops.ts"
import { makeDrops } from "./Drops.ts"
import { EntryMeters } from "./EntryMeters.ts"
import { watchLoopLag } from "./loopLag.ts"
import { Meters } from "./Meters.ts"
import type { TelemetryOptions } from "./options.ts"
import { isTraced } from "./options.ts"
import { ScrapedMeters } from "./ScrapedMeters.ts"

export interface Metering {
  readonly meters: Meters
  readonly entries: EntryMeters
}

export class Telemetry extends Context.Service<Telemetry, {
  readonly options: TelemetryOptions
  readonly version: string
  /** Seed of this run. It makes each run trace other connections. */
  readonly seed: number
  readonly drops: Drops
  /** null: metrics are off. */
  readonly metering: Metering | null
}>()("fairlead/adapters/otel/Telemetry") {}

/** The observer for the engine, and what `pageLayer` needs. */
export const layer = (options: TelemetryOptions, version: string, seed: number) =>
  Layer.provideMerge(
    Layer.effect(Observer, observer),
    Layer.effect(
      Telemetry,
      Effect.gen(function* () {
        const drops = yield* makeDrops
        const meters = new Meters()
        const metering = options.metrics ? { meters, entries: new EntryMeters(meters) } : null
        // Loaded before the engine starts. Otherwise the first probes would wait for it and look slow.
        if (options.metrics) yield* Effect.promise(() => import("./prometheus.ts"))
        return { options, version, seed, drops, metering }
      })
    )
  )

const observer = Effect.gen(function* () {
  const { metering, drops } = yield* Telemetry
  const watchers: Array<Folded> = metering === null ? [] : [metering.entries.see]
  const spans = yield* tracing
  if (spans !== null) watchers.push(spans)
  return watchers.length === 0 ? null : together(watchers, drops)
})

const tracing = Effect.gen(function* () {
  const { options, version, seed, drops } = yield* Telemetry
  if (!isTraced(options)) return null
  const { makeTracer } = yield* Effect.promise(() => import("./export.ts"))
  const { SpanWriter } = yield* Effect.promise(() => import("./SpanWriter.ts"))
  const { EntrySpans } = yield* Effect.promise(() => import("./EntrySpans.ts"))
  const tracer = yield* makeTracer(options, version, drops)
  if (tracer === null) return null
  const drop = () => drops.add(1, "too many sampled connections at once")
  return new EntrySpans(new SpanWriter(tracer), options.otlp.sampleRatio, seed, drop).see
})

/** A failing observer stops neither the other observers nor the engine. */
export function together(watchers: ReadonlyArray<Folded>, drops: Drops): Folded {
  return (entry, decisions, state) => {
    for (const see of watchers) {
      try {
        see(entry, decisions, state)
      } catch (cause) {
        drops.add(1, `telemetry failed on ${entry.event._tag}: ${String(cause)}`)
      }
    }
  }
}

/** The page of metrics; none where metrics are off. */
export const pageLayer = Layer.effect(
  Exposition,
  Effect.gen(function* () {
    const { metering, drops, options, version } = yield* Telemetry
    if (metering === null) return null
    const engine = yield* Engine
    const acceptor = yield* Acceptor
    const recorder = yield* Recorder
    const sources = {
      stateUnsafe: engine.stateUnsafe,
      listenersUnsafe: acceptor.statusUnsafe,
      gapsUnsafe: () => recorder.statusUnsafe().gaps,
      troublesUnsafe: yield* troubles,
      unresolvedUnsafe: () => engine.names.counts,
      droppedUnsafe: drops.total,
      lagUnsafe: yield* watchLoopLag
    }
    const scraped = new ScrapedMeters(metering.meters, metering.entries)
    const { makePage } = yield* Effect.promise(() => import("./prometheus.ts"))
    return yield* makePage(metering.meters, options, version, () => scraped.read(sources))
  })
)
