/** Writes a span afterwards. Its start and end are moments of the run, converted to wall time as the core knows it. */
import type { Attributes, Context, HrTime, Span, Tracer } from "@opentelemetry/api"
import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api"
import type { State } from "../../core/model/State.ts"

export interface Written {
  readonly name: string
  readonly startUs: number
  readonly endUs: number
  readonly attributes: Attributes
  readonly kind?: "server" | "client"
  /** The failure, where there was one. */
  readonly error?: string | undefined
}

const KINDS = { server: SpanKind.SERVER, client: SpanKind.CLIENT }

export class SpanWriter {
  readonly #tracer: Tracer

  constructor(tracer: Tracer) {
    this.#tracer = tracer
  }

  /** Writes a complete span. The returned context is the parent of the spans inside it. */
  write(state: State, written: Written, parent: Context = ROOT_CONTEXT): Context {
    const { name, attributes, startUs, endUs, kind, error } = written
    const startTime = wallTime(state, startUs)
    const options = { attributes, startTime, kind: kind === undefined ? SpanKind.INTERNAL : KINDS[kind] }
    const span: Span = this.#tracer.startSpan(name, options, parent)
    if (error !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: error })
    span.end(wallTime(state, Math.max(startUs, endUs)))
    return trace.setSpan(parent, span)
  }
}

function wallTime({ wall }: State, atUs: number): HrTime {
  const sinceUs = wall.ms * 1000 + (atUs - wall.atUs)
  const seconds = Math.floor(sinceUs / 1_000_000)
  return [seconds, Math.round((sinceUs - seconds * 1_000_000) * 1000)]
}
