/** Port: names to literal addresses. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type { Resolve } from "../core/model/Decision.ts"
import type { Event } from "../core/model/Event.ts"
import type { ResolveError } from "./errors.ts"

export class Resolver extends Context.Service<Resolver, {
  /** IP literals in the resolver's order, each once. */
  readonly resolve: (host: string) => Effect.Effect<ReadonlyArray<string>, ResolveError>
}>()("fairlead/shell/Resolver") {}

/** Does what the core asked and tells how it went, within its time limit. */
export function resolve(resolver: Resolver["Service"], act: Resolve): Effect.Effect<Event> {
  const { worker, resolve, upstream, host, timeoutMs } = act
  const failed = (reason: string): Event => ({ _tag: "ResolveFailed", worker, resolve, upstream, reason })
  return resolver.resolve(host).pipe(
    Effect.map((addresses): Event => ({ _tag: "Resolved", worker, resolve, upstream, addresses })),
    Effect.timeoutOrElse({ duration: timeoutMs, orElse: () => Effect.succeed(failed("timeout")) }),
    Effect.catchTag("ResolveError", ({ code }) => Effect.succeed(failed(code)))
  )
}
