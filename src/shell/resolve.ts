/** Queries of the core to the resolver, and their outcome. */
import * as Effect from "effect/Effect"
import type { Resolve } from "../core/model/Decision.ts"
import type { Event, Resolved } from "../core/model/Event.ts"
import type { Answers, Resolver } from "../plane/ports/Resolver.ts"

/**
 * Carries out the act within its time limit and reports the outcome. `early` is given if no address of the name is known,
 * because clients may wait for the first one. It gets what is known while queries are open, as parts of the final answer.
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
