/**
 * The way out for spans: the SDK's batches over OTLP/HTTP, with a queue of bounded length and every span that does not
 * arrive counted. Nobody waits for the collector: what finds no place in the queue is dropped, and at the end there are two
 * seconds for what is left.
 */
import * as NodeSdk from "@effect/opentelemetry/NodeSdk"
import { OtelTracerProvider } from "@effect/opentelemetry/OtelTracer"
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
const QUEUE = 2_048
const MOST_QUEUED = 65_536
/** Batches under way at once: four when a full queue is flushed, and those that a stuck collector still holds. */
const EXPORTS = 8

type Result = Parameters<Parameters<SpanExporter["export"]>[1]>[0]

/** Lets at most `queue` spans wait; tells of those that found no place and of those that were not taken. */
export class CountedSpans implements SpanProcessor {
  readonly #queue: number
  readonly #drops: Drops
  readonly #inner: SpanProcessor
  /** Not handed to the exporter yet, and on their way. */
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

  /** Never fails: what did not arrive has been counted. */
  forceFlush(): Promise<void> {
    return this.#inner.forceFlush().catch(() => {})
  }

  /** As above. */
  shutdown(): Promise<void> {
    return this.#inner.shutdown().catch(() => {})
  }

  /** What is still here when the time is up is lost. */
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

/** The first thing that a server for gRPC says is no HTTP/1, and each runtime has its own words for that. */
const NO_HTTP = /Parse Error|HPE_|invalid HTTP|HTTP\/2/i

function reasonOf(error: (Error & { readonly code?: unknown }) | undefined): string {
  const reason = error?.message ?? "not reached"
  if (!NO_HTTP.test(`${String(error?.code)} ${reason}`)) return reason
  return `${reason}; the answer is not HTTP/1: if this is the port for OTLP over gRPC (4317), use the port for HTTP (4318)`
}

/** What the SDK would leave out, and trust what the runtime trusts, when it cannot be read. */
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

/** A tracer that exports, null when it may not; flushed within two seconds when the scope closes. */
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
  const batches = (counted: SpanExporter) => new BatchSpanProcessor(counted, { maxQueueSize })
  const spans = new CountedSpans(maxQueueSize, drops, exporter, batches)
  yield* Effect.addFinalizer(() => Effect.sync(() => spans.abandon()))
  const provider = NodeSdk.layerTracerProvider(spans, { sampler: new AlwaysOnSampler(), shutdownTimeout: FLUSH_MS })
  const built = yield* Layer.build(Layer.provide(provider, resource(options, version)))
  const tracer: Tracer = Context.get(built, OtelTracerProvider).getTracer("fairlead", version)
  return tracer
})

/** The variable that everybody who runs an SDK of OpenTelemetry knows; 2,048 spans without it. */
function queueLength(variable: string | undefined): number {
  const wanted = Math.floor(Number(variable ?? QUEUE))
  return wanted > 0 && wanted <= MOST_QUEUED ? wanted : QUEUE
}
