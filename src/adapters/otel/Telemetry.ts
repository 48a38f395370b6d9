/**
 * Telemetry: `layer` makes meters and the tracer, `observer` is what the engine shows its entries to, and `pageLayer` gives the admin port its page of metrics, from
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
import { Recorder } from "../../shell/Recorder.ts"
import type { Tracing } from "../../shell/Traces.ts"
import { Traces } from "../../shell/Traces.ts"
import type { Drops } from "./Drops.ts"
import { makeDrops } from "./Drops.ts"
import { EntryMeters } from "./EntryMeters.ts"
import { watchLoopLag } from "./loopLag.ts"
import { Meters } from "./Meters.ts"
import type { TelemetryOptions } from "./options.ts"
import { isTraced } from "./options.ts"
import { sampler } from "./sampling.ts"
import { ScrapedMeters } from "./ScrapedMeters.ts"

export interface Metering {
  readonly meters: Meters
  readonly entries: EntryMeters
}

export class Telemetry extends Context.Service<Telemetry, {
  readonly options: TelemetryOptions
  readonly version: string
  readonly drops: Drops
  /** null: metrics are off. */
  readonly metering: Metering | null
  /** Writes the spans of an entry; null: no traces are sent. */
  readonly spans: Folded | null
}>()("fairlead/adapters/otel/Telemetry") {}

/** Gives the fibers of the shell their tracer as well. `seed` is that of this run. It makes each run trace other connections. */
export const layer = (options: TelemetryOptions, version: string, seed: number) =>
  Layer.effectContext(
    Effect.gen(function* () {
      const drops = yield* makeDrops
      const meters = new Meters()
      const metering = options.metrics ? { meters, entries: new EntryMeters(meters) } : null
      // Loaded before the engine starts. Otherwise the first probes would wait for it and look slow.
      if (options.metrics) yield* Effect.promise(() => import("./prometheus.ts"))
      const traces = yield* tracing(options, version, seed, drops)
      const spans = traces?.spans ?? null
      return Context.make(Telemetry, { options, version, drops, metering, spans }).pipe(
        Context.add(Traces, traces?.fibers ?? null)
      )
    })
  )

export const observer: Effect.Effect<ReadonlyArray<Folded>, never, Telemetry> = Effect.map(
  Telemetry,
  ({ metering, spans, drops }) =>
    [metering?.entries.see ?? null, spans].filter((see) => see !== null).map((see) => counted(see, drops))
)

const tracing = Effect.fnUntraced(function* (options: TelemetryOptions, version: string, seed: number, drops: Drops) {
  if (!isTraced(options)) return null
  const { makeTracer } = yield* Effect.promise(() => import("./export.ts"))
  const { SpanWriter } = yield* Effect.promise(() => import("./SpanWriter.ts"))
  const { EntrySpans } = yield* Effect.promise(() => import("./EntrySpans.ts"))
  const tracers = yield* makeTracer(options, version, drops)
  if (tracers === null) return null
  const isSampled = sampler(options.otlp.sampleRatio, seed)
  const drop = () => drops.add(1, "too many sampled connections at once")
  const spans: Folded = new EntrySpans(new SpanWriter(tracers.writer), isSampled, drop).see
  const fibers: Tracing = { tracer: tracers.fibers, isSampled }
  return { spans, fibers }
})

/** A failure counts as dropped telemetry and goes no further. */
export function counted(see: Folded, drops: Drops): Folded {
  return (entry, decisions, state) => {
    try {
      see(entry, decisions, state)
    } catch (cause) {
      drops.add(1, `telemetry failed on ${entry.event._tag}: ${String(cause)}`)
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
