/** A tracer that keeps the spans of fibers, for tests of what is traced. */
import type { Span } from "effect/Tracer"
import { make, NativeSpan } from "effect/Tracer"
import type { Tracing } from "../../src/shell/Traces.ts"

export interface Kept {
  readonly tracing: Tracing
  /** In the order of their start. */
  readonly spans: ReadonlyArray<Span>
}

export function keptSpans(isSampled: (number: number) => boolean = () => true): Kept {
  const spans: Array<Span> = []
  const tracer = make({
    span: (options) => {
      const span = new NativeSpan(options)
      spans.push(span)
      return span
    }
  })
  return { tracing: { tracer, isSampled }, spans }
}

/** Name, outcome and state of a span. */
export const shownSpan = ({ name, attributes, status }: Span) => [
  name,
  attributes.get("fairlead.outcome"),
  status._tag === "Ended" ? status.exit._tag : status._tag
]
