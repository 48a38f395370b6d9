/** What a user may say about telemetry, and what the environment adds: the `OTEL_*` variables that every OpenTelemetry user knows. */
import process from "node:process"

export interface TelemetryOptions {
  readonly otlp: {
    /** Base URL of an OTLP/HTTP receiver, such as `http://127.0.0.1:4318`; empty: what `OTEL_EXPORTER_OTLP_ENDPOINT` says, else no traces. */
    readonly endpoint: string
    /** Share of connections, probes and evaluations that are traced, from 0 to 1. */
    readonly sampleRatio: number
    readonly headers?: Readonly<Record<string, string>>
    readonly serviceName?: string
    readonly resourceAttributes?: Readonly<Record<string, string>>
  }
  readonly metrics: boolean
}

/** Where spans go and how many; undefined url: where the environment says. */
export interface TraceTarget {
  readonly url: string | undefined
  readonly sampleRatio: number
  /** Spans that wait for the collector at most. */
  readonly queue: number
}

const QUEUE = 2_048

/** null: no tracer is made. The sampler of the environment counts only with its endpoint: a file that names one says all. */
export function traceTarget(
  { otlp }: TelemetryOptions,
  env: Readonly<Record<string, string | undefined>> = process.env
): TraceTarget | null {
  if (env["OTEL_SDK_DISABLED"]?.toLowerCase() === "true") return null
  const queue = Math.max(1, Math.floor(Number(env["OTEL_BSP_MAX_QUEUE_SIZE"])) || QUEUE)
  const { endpoint, sampleRatio } = otlp
  if (endpoint !== "") {
    return sampleRatio > 0 ? { url: `${endpoint.replace(/\/+$/, "")}/v1/traces`, sampleRatio, queue } : null
  }
  if (!env["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"] && !env["OTEL_EXPORTER_OTLP_ENDPOINT"]) return null
  if (env["OTEL_TRACES_EXPORTER"] === "none") return null
  const ratio = samplerOf(env["OTEL_TRACES_SAMPLER"], env["OTEL_TRACES_SAMPLER_ARG"]) ?? sampleRatio
  return ratio > 0 ? { url: undefined, sampleRatio: ratio, queue } : null
}

/** Every span here is a root or follows its root, so a sampler "based on the parent" is the one it names for roots. */
function samplerOf(name: string | undefined, argument: string | undefined): number | undefined {
  switch (name?.replace("parentbased_", "")) {
    case "always_on":
      return 1
    case "always_off":
      return 0
    case "traceidratio": {
      const ratio = Number(argument ?? 1)
      return ratio >= 0 && ratio <= 1 ? ratio : 1
    }
    default:
      return undefined
  }
}
