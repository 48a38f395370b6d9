/** Port: names to literal addresses. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type { Resolve } from "../core/model/Decision.ts"
import type { Event, Resolved } from "../core/model/Event.ts"
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

/** Told what is known while some questions are still open, which count as silent; again when more addresses come. */
export type Early = (answers: Answers) => void

export class Resolver extends Context.Service<Resolver, {
  /** The whole answer, once every question is over; fails when no server answered with an address. */
  readonly resolve: (host: string, limits: ResolverLimits, early?: Early) => Effect.Effect<Answers, ResolveError>
}>()("fairlead/shell/Resolver") {}

/**
 * Does what the core asked and tells how it went, within its time limit. `early` is given where no address of the name is known, so
 * that clients may wait for the first: it is told what is known while questions are open, as parts of the answer that this becomes.
 */
export function resolve(resolver: Resolver["Service"], act: Resolve, early?: (event: Event) => void): Effect.Effect<Event> {
  const { worker, resolve, upstream, host, timeoutMs, maxAnswers, servers } = act
  const failed = (reason: string): Event => ({ _tag: "ResolveFailed", worker, resolve, upstream, reason })
  const limits = { timeoutMs, maxAnswers, servers }
  const resolved = (answers: Answers): Resolved => ({ _tag: "Resolved", worker, resolve, upstream, ...answers })
  const part = early === undefined ? undefined : (answers: Answers) => early({ ...resolved(answers), more: true })
  return resolver.resolve(host, limits, part).pipe(
    Effect.map((answers): Event => resolved(answers)),
    Effect.timeoutOrElse({ duration: timeoutMs, orElse: () => Effect.succeed(failed("timeout")) }),
    Effect.catchTag("ResolveError", ({ code }) => Effect.succeed(failed(code)))
  )
}
