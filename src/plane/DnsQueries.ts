/** DNS queries for clients on their last resort. Clients that want the same name at the same time share one query. */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { Resolver, ResolverLimits } from "./ports/Resolver.ts"
import type { Cancel } from "./ports/Transport.ts"

/**
 * Literals in the resolver's order, all that are known by now; empty: there are none, or the resolver failed. `isOver`: no
 * more of them come; otherwise the function is called again.
 */
type Answer = (addresses: ReadonlyArray<string>, isOver: boolean) => void

/**
 * Calls back, but never within the call itself. The cancel ends that. The caller limits the wait. The limits are those of
 * the first caller.
 */
export type QueryDns = (host: string, limits: ResolverLimits, answer: Answer) => Cancel

interface Query {
  readonly waiting: Set<{ readonly answer: Answer }>
  /** Addresses that were passed on so far. */
  known: ReadonlyArray<string>
  stop: () => void
}

export class DnsQueries {
  readonly #resolver: Resolver["Service"]
  readonly #queries = new Map<string, Query>()

  constructor(resolver: Resolver["Service"]) {
    this.#resolver = resolver
  }

  /** A field, so that it can be passed on. A query is cancelled when no client waits for it any more. */
  readonly query: QueryDns = (host, limits, answer) => {
    const query = this.#queries.get(host) ?? this.#begin(host, limits)
    const one = { answer }
    query.waiting.add(one)
    if (query.known.length > 0) {
      Effect.runCallback(Effect.yieldNow, {
        onExit: () => {
          if (query.waiting.has(one)) answer(query.known, false)
        }
      })
    }
    return () => {
      if (!query.waiting.delete(one) || query.waiting.size > 0) return
      this.#forget(host, query)
      query.stop()
    }
  }

  #begin(host: string, limits: ResolverLimits): Query {
    const query: Query = { waiting: new Set(), known: [], stop: () => {} }
    this.#queries.set(host, query)
    const resolving = this.#resolver.resolve(host, limits, ({ addresses }) => {
      query.known = addresses
      for (const one of [...query.waiting]) if (query.waiting.has(one)) one.answer(addresses, false)
    })
    query.stop = Effect.runCallback(Effect.andThen(Effect.yieldNow, resolving), {
      onExit: (exit) => {
        this.#forget(host, query)
        const addresses = Exit.isSuccess(exit) ? exit.value.addresses : []
        for (const one of [...query.waiting]) if (query.waiting.delete(one)) one.answer(addresses, true)
      }
    })
    return query
  }

  #forget(host: string, query: Query): void {
    if (this.#queries.get(host) === query) this.#queries.delete(host)
  }
}
