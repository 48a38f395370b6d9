/** The page that Prometheus reads: the SDK's exporter, without a server of its own. */
import * as NodeSdk from "@effect/opentelemetry/NodeSdk"
import * as Resource from "@effect/opentelemetry/Resource"
import { PrometheusExporter, PrometheusSerializer } from "@opentelemetry/exporter-prometheus"
import type { ResourceMetrics } from "@opentelemetry/sdk-metrics"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import type { Page } from "../../shell/Exposition.ts"
import { CATALOGUE } from "./catalogue.ts"
import type { Meters } from "./Meters.ts"
import type { TelemetryOptions } from "./options.ts"
import { resource } from "./resource.ts"

const UNITS = new Map(CATALOGUE.map(({ name, unit = "" }) => [name, unit as string]))

/** `read` brings the gauges up to date before each scrape. */
export const makePage = Effect.fnUntraced(
  function* (meters: Meters, options: TelemetryOptions, version: string, read: () => void) {
    const exporter = new PrometheusExporter({ preventServerStart: true })
    const who = Context.get(yield* Layer.build(resource(options, version)), Resource.Resource)
    const config = Effect.succeed({ metricReader: exporter })
    const sdk = Layer.provide(NodeSdk.layer(config), Layer.succeed(Metric.MetricRegistry, meters.registry))
    yield* Layer.build(sdk)
    const serializer = new PrometheusSerializer(undefined, false, undefined, false, true)
    const page: Page = {
      contentType: "text/plain; version=0.0.4; charset=utf-8",
      text: Effect.suspend(() => {
        read()
        return Effect.map(
          Effect.promise(() => exporter.collect()),
          ({ resourceMetrics }) => serializer.serialize(withUnits({ ...resourceMetrics, resource: who }))
        )
      })
    }
    return page
  }
)

/** Effect's metrics carry no unit. */
function withUnits({ resource, scopeMetrics }: ResourceMetrics): ResourceMetrics {
  return {
    resource,
    scopeMetrics: scopeMetrics.map(({ scope, metrics }) => ({
      scope,
      metrics: metrics.map((metric) => ({
        ...metric,
        descriptor: { ...metric.descriptor, unit: UNITS.get(metric.descriptor.name) ?? "" }
      }))
    }))
  }
}
