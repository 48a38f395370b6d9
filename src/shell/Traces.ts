/**
 * Traces of what fibers do: a probe, a query for a name, a reload. A span ends with its fiber's work, or with an interruption. What
 * clients get is traced from entries instead (adapters/otel), because no client has a fiber.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type { SpanKind, Tracer } from "effect/Tracer"

export interface Tracing {
  readonly tracer: Tracer
  /** Whether the work with this number is traced. */
  readonly isSampled: (number: number) => boolean
}

/** null: no traces are sent, and no span is built. */
export const Traces: Context.Reference<Tracing | null> = Context.Reference<Tracing | null>("fairlead/shell/Traces", {
  defaultValue: () => null
})

type Attributes = Readonly<Record<string, unknown>>

export interface Work<A> {
  readonly name: string
  /** Decides whether it is traced; absent: it always is. */
  readonly number?: number
  readonly kind?: SpanKind
  readonly attributes: () => Attributes
  /** What it led to. The outcome of a failure is its message. */
  readonly ended: (value: A) => Attributes
}

/** The same work inside a span of its own, where it is traced. */
export function traced<A, E extends { readonly message: string }>(
  tracing: Tracing | null,
  work: Effect.Effect<A, E>,
  { name, number, kind, attributes, ended }: Work<A>
): Effect.Effect<A, E> {
  if (tracing === null || (number !== undefined && !tracing.isSampled(number))) return work
  return work.pipe(
    Effect.tap((value) => Effect.annotateCurrentSpan(ended(value))),
    Effect.tapError(({ message }) => Effect.annotateCurrentSpan("fairlead.outcome", message)),
    // A stack would name files of this machine.
    Effect.withSpan(name, { kind: kind ?? "internal", attributes: attributes(), root: true }, { captureStackTrace: false }),
    Effect.withTracer(tracing.tracer)
  )
}
