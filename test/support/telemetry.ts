/** The real engine over real sockets with telemetry on, and readers of its output: the page of metrics and OTLP. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as http from "node:http"
import * as net from "node:net"
import type { TelemetryOptions } from "../../src/adapters/otel/options.ts"
import * as Telemetry from "../../src/adapters/otel/Telemetry.ts"
import type { Config } from "../../src/core/model/Config.ts"
import { Acceptor } from "../../src/plane/Acceptor.ts"
import { Engine } from "../../src/shell/Engine.ts"
import { Exposition } from "../../src/shell/Exposition.ts"
import * as Observer from "../../src/shell/Observer.ts"
import type { Resolver } from "../../src/plane/ports/Resolver.ts"
import { liveLayer } from "./live.ts"

/** `base` as a user would write it; empty: no traces. */
export const tracesTo = (base: string, sampleRatio = 1): TelemetryOptions => ({
  otlp: { endpoint: base === "" ? "" : `${base}/v1/traces`, sampleRatio, headers: Redacted.make({ "x-team": "edge" }) },
  metrics: true,
  serviceName: "edge-forwarder",
  attributes: { "deployment.environment.name": "test" }
})
export const metricsOnly = tracesTo("")

export interface Measured {
  readonly engine: Engine["Service"]
  readonly acceptor: Acceptor["Service"]
  readonly port: number
  /** The page of metrics; undefined when there is none. */
  readonly scrape: () => Promise<string | undefined>
  readonly droppedUnsafe: () => number
}

/** Runs `use` against a live forwarder with telemetry; stops it cleanly, which flushes its traces. */
export const withTelemetry = <A>(
  config: Config,
  options: TelemetryOptions,
  use: (live: Measured) => Promise<A>,
  resolver?: Layer.Layer<Resolver>
) => {
  const { layer } = liveLayer(config, {}, undefined, resolver)
  const measured = layer.pipe(
    Layer.provideMerge(Observer.layer(Effect.all([Telemetry.observer]))),
    Layer.provideMerge(Telemetry.layer(options, "0.0.0", 1))
  )
  return Effect.gen(function* () {
    const engine = yield* Engine
    const acceptor = yield* Acceptor
    const page = yield* Exposition
    const { drops } = yield* Telemetry.Telemetry
    const port = acceptor.statusUnsafe()[0]?.listen.port ?? 0
    const scrape = () => page === null ? Promise.resolve(undefined) : Effect.runPromise(page.text)
    const result = yield* Effect.promise(() => use({ engine, acceptor, port, scrape, droppedUnsafe: drops.total }))
    yield* acceptor.drain(1_000)
    return result
  }).pipe(Effect.provide(Layer.provideMerge(Telemetry.pageLayer, measured)), Effect.scoped)
}

/** Series of a page, as `name{label="value",...}` in the page's order of labels, to their values. */
export function seriesOf(page: string): ReadonlyMap<string, number> {
  const lines = page.split("\n").filter((line) => line !== "" && !line.startsWith("#"))
  return new Map(lines.map((line) => {
    const space = line.lastIndexOf(" ")
    return [line.slice(0, space), Number(line.slice(space + 1))]
  }))
}

/** The sum of all series whose name begins with `start`. */
export function sumOf(page: string, start: string): number {
  return [...seriesOf(page)].reduce((sum, [name, value]) => name.startsWith(start) ? sum + value : sum, 0)
}

export interface Span {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly name: string
  readonly startTimeUnixNano: string
  readonly endTimeUnixNano: string
  readonly attributes: Readonly<Record<string, unknown>>
  readonly status?: { readonly code?: number; readonly message?: string }
}

export interface FakeCollector {
  readonly url: string
  readonly spans: () => ReadonlyArray<Span>
  readonly bodies: () => ReadonlyArray<string>
  readonly requests: () => number
  readonly headers: () => ReadonlyArray<http.IncomingHttpHeaders>
  readonly stop: () => Promise<void>
}

/** A collector of OTLP/HTTP JSON; `answer` may be slow, refuse, or never come. */
export async function fakeCollector(
  answer: (response: http.ServerResponse) => void = (response) => response.end("{}")
): Promise<FakeCollector> {
  const bodies: Array<string> = []
  const headers: Array<http.IncomingHttpHeaders> = []
  const server = http.createServer((request, response) => {
    let body = ""
    headers.push(request.headers)
    request.setEncoding("utf8").on("data", (text) => (body += text)).on("end", () => {
      if (request.url === "/v1/traces") bodies.push(body)
      answer(response)
    })
  })
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as net.AddressInfo).port}`,
    bodies: () => bodies,
    requests: () => headers.length,
    headers: () => headers,
    spans: () => bodies.flatMap((body) => spansOf(JSON.parse(body))),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      })
  }
}

/** The spans of one OTLP document, by whichever exporter. */
export function spansOf(document: any): ReadonlyArray<Span> {
  const found = (document.resourceSpans ?? []).flatMap((resource: any) =>
    (resource.scopeSpans ?? []).flatMap((scope: any) => scope.spans ?? [])
  )
  return found.map((span: any) => ({ ...span, attributes: plain(span.attributes ?? []) }))
}

function plain(attributes: ReadonlyArray<{ key: string; value: any }>): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, valueOf(value)]))
}

function valueOf(value: any): unknown {
  if (value.arrayValue !== undefined) return (value.arrayValue.values ?? []).map(valueOf)
  return value.stringValue ?? value.boolValue ?? value.doubleValue ?? Number(value.intValue)
}

export const startNs = ({ startTimeUnixNano }: Span): bigint => BigInt(startTimeUnixNano)
export const endNs = ({ endTimeUnixNano }: Span): bigint => BigInt(endTimeUnixNano)
