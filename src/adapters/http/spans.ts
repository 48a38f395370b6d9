/** What served a request, as attributes of the span that was active when the request was made. */
import type { Span } from "@opentelemetry/api"
import { trace } from "@opentelemetry/api"
import type { Served } from "./Connector.ts"

export const activeSpan = (): Span | undefined => trace.getActiveSpan()

export function describe(span: Span | undefined, served: Served | undefined): void {
  if (span === undefined || served === undefined || !span.isRecording()) return
  const { upstream, candidate, source, latencyMs, stage, warm } = served
  span.setAttributes({
    "fairlead.upstream": upstream,
    "fairlead.stage": stage,
    "fairlead.warm": warm,
    ...(candidate === null ? {} : { "fairlead.candidate": candidate }),
    ...(source === null ? {} : { "fairlead.source": source }),
    ...(latencyMs === null ? {} : { "fairlead.latency_ms": latencyMs })
  })
}
