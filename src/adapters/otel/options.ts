/** Options of telemetry, from the file and the environment. */
import type * as Redacted from "effect/Redacted"

export interface TelemetryOptions {
  readonly otlp: {
    /** The whole URL that traces are posted to, such as `http://127.0.0.1:4318/v1/traces`; empty: no traces. */
    readonly endpoint: string
    /** Share of connections, probes and evaluations that are traced, from 0 to 1. */
    readonly sampleRatio: number
    /** Headers of each export. */
    readonly headers: Redacted.Redacted<Readonly<Record<string, string>>>
  }
  readonly metrics: boolean
  readonly serviceName: string
  /** Further attributes of the resource. */
  readonly attributes: Readonly<Record<string, string>>
}

/** Whether a tracer is made: it needs an endpoint, and a share above 0. */
export function isTraced({ otlp }: TelemetryOptions): boolean {
  return otlp.endpoint !== "" && otlp.sampleRatio > 0
}
