/** Names for clients on their last resort: whoever wants the same name at the same time shares one query. */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { Resolver, ResolverLimits } from "./Resolver.ts"
import type { Cancel } from "./Transport.ts"

/** Literals in the resolver's order; empty when there are none, or the resolver failed. */
type Answer = (addresses: ReadonlyArray<string>) => void

/** Calls back once, never from within the call itself; the cancel takes that back. How long to wait is the caller's business; limits are those of the first who asks. */
export type Ask = (host: string, limits: ResolverLimits, answer: Answer) => Cancel

interface Query {
  readonly waiting: Set<{ readonly answer: Answer }>
  stop: () => void
}

export class Names {
  readonly #resolver: Resolver["Service"]
  readonly #queries = new Map<string, Query>()

  constructor(resolver: Resolver["Service"]) {
    this.#resolver = resolver
  }

  /** A field, so that it can be handed on. A query for which nobody waits any more is given up. */
  readonly ask: Ask = (host, limits, answer) => {
    const query = this.#queries.get(host) ?? this.#begin(host, limits)
    const one = { answer }
    query.waiting.add(one)
    return () => {
      if (!query.waiting.delete(one) || query.waiting.size > 0) return
      this.#queries.delete(host)
      query.stop()
    }
  }

  #begin(host: string, limits: ResolverLimits): Query {
    const query: Query = { waiting: new Set(), stop: () => {} }
    this.#queries.set(host, query)
    query.stop = Effect.runCallback(Effect.andThen(Effect.yieldNow, this.#resolver.resolve(host, limits)), {
      onExit: (exit) => {
        if (this.#queries.get(host) === query) this.#queries.delete(host)
        const addresses = Exit.isSuccess(exit) ? exit.value.addresses : []
        const waiting = [...query.waiting]
        query.waiting.clear()
        for (const { answer } of waiting) answer(addresses)
      }
    })
    return query
  }
}
