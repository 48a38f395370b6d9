/** Port: names to literal addresses. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type { Resolve } from "../core/model/Decision.ts"
import type { Event } from "../core/model/Event.ts"
import type { ResolveError } from "./errors.ts"

export interface ResolverLimits {
  /** Whoever asks waits no longer: what servers answered in time must be told before that. */
  readonly timeoutMs: number
  /** Addresses that are taken of all that were answered. */
  readonly maxAnswers: number
  /** `ip` or `ip:port`; none: the system's resolver. */
  readonly servers: ReadonlyArray<string>
}

export interface Answers {
  /** IP literals in canonical form and the resolver's order, each once, all of them fit to be dialled. */
  readonly addresses: ReadonlyArray<string>
  /** How many were left out: beyond `maxAnswers`, or not fit to be dialled. */
  readonly omitted: number
  /** Questions that some server gave no answer to; an answer that there is nobody is one. */
  readonly silent: number
}

export class Resolver extends Context.Service<Resolver, {
  /** Fails when nobody answered with an address. */
  readonly resolve: (host: string, limits: ResolverLimits) => Effect.Effect<Answers, ResolveError>
}>()("fairlead/shell/Resolver") {}

/** Does what the core asked and tells how it went, within its time limit. */
export function resolve(resolver: Resolver["Service"], act: Resolve): Effect.Effect<Event> {
  const { worker, resolve, upstream, host, timeoutMs, maxAnswers, servers } = act
  const failed = (reason: string): Event => ({ _tag: "ResolveFailed", worker, resolve, upstream, reason })
  return resolver.resolve(host, { timeoutMs, maxAnswers, servers }).pipe(
    Effect.map((answers): Event => ({ _tag: "Resolved", worker, resolve, upstream, ...answers })),
    Effect.timeoutOrElse({ duration: timeoutMs, orElse: () => Effect.succeed(failed("timeout")) }),
    Effect.catchTag("ResolveError", ({ code }) => Effect.succeed(failed(code)))
  )
}
