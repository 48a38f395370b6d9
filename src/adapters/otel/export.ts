/**
 * Exports spans: the SDK's batches over OTLP/HTTP, with a bounded queue and a count of all spans that do not arrive. No other
 * work waits for the collector. A span that finds no room in the queue is dropped. At the end there are two seconds for the
 * rest.
 */
import * as NodeSdk from "@effect/opentelemetry/NodeSdk"
import { make as makeFiberTracer, OtelTracer, OtelTracerProvider } from "@effect/opentelemetry/OtelTracer"
import type { Tracer } from "@opentelemetry/api"
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http"
import type { ReadableSpan, SpanExporter, SpanProcessor } from "@opentelemetry/sdk-trace-base"
import { AlwaysOnSampler, BatchSpanProcessor } from "@opentelemetry/sdk-trace-base"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { accessSync, constants } from "node:fs"
import process from "node:process"
import type { Drops } from "./Drops.ts"
import type { TelemetryOptions } from "./options.ts"
import { resource } from "./resource.ts"

const FLUSH_MS = 2_000
/** How long a span waits for others. The SDK's own five seconds are longer than an operator should wait to see an outage. */
const GATHER_MS = 1_000
/** The longest delay that a timer takes. */
const MOST_GATHER_MS = 2 ** 31 - 1
const QUEUE = 2_048
const MOST_QUEUED = 65_536
/** Batches under way at once: four for a full queue that is flushed, and those that a stuck collector still occupies. */
const EXPORTS = 8

type Result = Parameters<Parameters<SpanExporter["export"]>[1]>[0]

/** Lets at most `queue` spans wait. Reports the spans that found no room, and those that were not taken. */
export class CountedSpans implements SpanProcessor {
  readonly #queue: number
  readonly #drops: Drops
  readonly #inner: SpanProcessor
  /** Spans that wait for the exporter, and spans on their way. */
  #waiting = 0
  #sent = 0
  #isOver = false

  constructor(queue: number, drops: Drops, exporter: SpanExporter, inner: (exporter: SpanExporter) => SpanProcessor) {
    this.#queue = queue
    this.#drops = drops
    this.#inner = inner({
      export: (spans, done) => this.#export(exporter, spans, done),
      shutdown: () => exporter.shutdown()
    })
  }

  onStart(): void {}

  onEnd(span: ReadableSpan): void {
    if (this.#waiting >= this.#queue) return this.#drops.add(1, "too many spans wait for the collector")
    this.#waiting++
    this.#inner.onEnd(span)
  }

  /** Never fails: spans that did not arrive have been counted. */
  forceFlush(): Promise<void> {
    return this.#inner.forceFlush().catch(() => {})
  }

  /** Never fails either. */
  shutdown(): Promise<void> {
    return this.#inner.shutdown().catch(() => {})
  }

  /** Spans that are still here are lost. */
  abandon(): void {
    this.#drops.add(this.#waiting + this.#sent, "the collector did not take the last spans in time")
    this.#isOver = true
  }

  #export(exporter: SpanExporter, spans: Array<ReadableSpan>, done: (result: Result) => void): void {
    this.#waiting -= spans.length
    this.#sent += spans.length
    exporter.export(spans, (result) => {
      this.#sent -= spans.length
      if (result.code !== 0 && !this.#isOver) {
        this.#drops.add(spans.length, `the collector: ${reasonOf(result.error)}`)
      }
      done(result)
    })
  }
}

/** A gRPC server answers with something other than HTTP/1. Each runtime has its own message for that. */
const NO_HTTP = /Parse Error|HPE_|invalid HTTP|HTTP\/2/i

function reasonOf(error: (Error & { readonly code?: unknown }) | undefined): string {
  const reason = error?.message ?? "not reached"
  if (!NO_HTTP.test(`${String(error?.code)} ${reason}`)) return reason
  return `${reason}; the answer is not HTTP/1: if this is the port for OTLP over gRPC (4317), use the port for HTTP (4318)`
}

/** Files that the SDK would leave out when they cannot be read. It would then trust what the runtime trusts. */
const FILES = ["CERTIFICATE", "CLIENT_KEY", "CLIENT_CERTIFICATE"]
  .flatMap((what) => [`OTEL_EXPORTER_OTLP_${what}`, `OTEL_EXPORTER_OTLP_TRACES_${what}`])

const unreadableFiles = Effect.sync(() =>
  FILES.filter((name) => {
    const file = process.env[name]?.trim() ?? ""
    if (file === "") return false
    try {
      accessSync(file, constants.R_OK)
      return false
    } catch {
      return true
    }
  })
)

/**
 * Tracers that export: one for spans that are written afterwards, and one for fibers. null: they may not. They are flushed within
 * two seconds when the scope closes.
 */
export const makeTracer = Effect.fnUntraced(function* (options: TelemetryOptions, version: string, drops: Drops) {
  const unreadable = yield* unreadableFiles
  if (unreadable.length > 0) {
    yield* Effect.logWarning(
      `no traces are sent: the file that ${unreadable.join(", ")} names cannot be read; check the file, then restart`
    )
    return null
  }
  const { endpoint, headers } = options.otlp
  const exporter = new OTLPTraceExporter({
    url: endpoint,
    headers: { ...Redacted.value(headers) },
    concurrencyLimit: EXPORTS
  })
  const maxQueueSize = queueLength(process.env["OTEL_BSP_MAX_QUEUE_SIZE"])
  const scheduledDelayMillis = gatherMs(process.env["OTEL_BSP_SCHEDULE_DELAY"])
  const batches = (counted: SpanExporter) => new BatchSpanProcessor(counted, { maxQueueSize, scheduledDelayMillis })
  const spans = new CountedSpans(maxQueueSize, drops, exporter, batches)
  yield* Effect.addFinalizer(() => Effect.sync(() => spans.abandon()))
  const provider = NodeSdk.layerTracerProvider(spans, { sampler: new AlwaysOnSampler(), shutdownTimeout: FLUSH_MS })
  const built = yield* Layer.build(Layer.provide(provider, resource(options, version)))
  const writer: Tracer = Context.get(built, OtelTracerProvider).getTracer("fairlead", version)
  const fibers = yield* Effect.provideService(makeFiberTracer, OtelTracer, writer)
  return { writer, fibers }
})

/** How long spans gather, from OpenTelemetry's usual variable; one second without it. */
function gatherMs(variable: string | undefined): number {
  const wanted = Number(variable ?? "")
  return variable?.trim() && wanted >= 0 && wanted <= MOST_GATHER_MS ? wanted : GATHER_MS
}

/** The limit of the queue from OpenTelemetry's usual variable; 2,048 spans without it. */
function queueLength(variable: string | undefined): number {
  const wanted = Math.floor(Number(variable ?? QUEUE))
  return wanted > 0 && wanted <= MOST_QUEUED ? wanted : QUEUE
}
