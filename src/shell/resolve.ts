/** What the core asks the resolver, and how it went. */
import * as Effect from "effect/Effect"
import type { Resolve } from "../core/model/Decision.ts"
import type { Event, Resolved } from "../core/model/Event.ts"
import type { Answers, Resolver } from "../plane/ports/Resolver.ts"

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
