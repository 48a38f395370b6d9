/** Queries of the core to the resolver, and their outcome. */
import * as Effect from "effect/Effect"
import { identity as unchanged } from "effect/Function"
import type { Resolve } from "../core/model/Decision.ts"
import type { Event, Resolved } from "../core/model/Event.ts"
import type { Answers, Resolver } from "../plane/ports/Resolver.ts"

/** The addresses of a name; or the resolver's code, without the name. */
export type Query = Effect.Effect<Answers, { readonly message: string }>

/**
 * Carries out the act within its time limit and reports the outcome. An interruption ends the query and reports nothing. `early`
 * is given if no address of the name is known, because clients may wait for the first one. It gets what is known while queries are
 * open, as parts of the final answer. `around` may add to the query.
 */
export function resolve(
  resolver: Resolver["Service"],
  act: Resolve,
  early?: (event: Event) => void,
  around: (query: Query) => Query = unchanged
): Effect.Effect<Event> {
  const { worker, resolve, upstream, host, timeoutMs, maxAnswers, servers } = act
  const resolved = (answers: Answers): Resolved => ({ _tag: "Resolved", worker, resolve, upstream, ...answers })
  const part = early === undefined ? undefined : (answers: Answers) => early({ ...resolved(answers), more: true })
  const query = resolver.resolve(host, { timeoutMs, maxAnswers, servers }, part).pipe(
    Effect.mapError(({ code }) => ({ message: code })),
    Effect.timeoutOrElse({ duration: timeoutMs, orElse: () => Effect.fail({ message: "timeout" }) })
  )
  return Effect.match(around(query), {
    onSuccess: (answers): Event => resolved(answers),
    onFailure: ({ message }): Event => ({ _tag: "ResolveFailed", worker, resolve, upstream, reason: message })
  })
}
