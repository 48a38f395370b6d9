/** What served a request, as attributes of the span that was active when the request was made. */
import type { Span } from "@opentelemetry/api"
import { trace } from "@opentelemetry/api"
import type { Served } from "./Connector.ts"

export const activeSpan = (): Span | undefined => trace.getActiveSpan()

export function describe(span: Span | undefined, served: Served | undefined): void {
  if (span?.isRecording() === true) span.setAttributes(attributesOf(served))
}

/** Attributes without a value are left out. */
export function attributesOf(served: Served | undefined): Record<string, string | number | boolean> {
  if (served === undefined) return {}
  const { upstream, candidate, source, latencyMs, stage, warm } = served
  return {
    "fairlead.upstream": upstream,
    "fairlead.stage": stage,
    "fairlead.warm": warm,
    ...(candidate === null ? {} : { "fairlead.candidate": candidate }),
    ...(source === null ? {} : { "fairlead.source": source }),
    ...(latencyMs === null ? {} : { "fairlead.latency_ms": latencyMs })
  }
}
