/** Port: names to literal addresses. */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type { ResolveError } from "./errors.ts"

export interface ResolverLimits {
  /** The caller waits no longer: what servers answered in time must be told before that. */
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
  /** Queries that some server gave no answer to; an answer without addresses is an answer. */
  readonly silent: number
}

/** Told what is known while some queries are open, which count as silent; again when more addresses come. */
export type Early = (answers: Answers) => void

export class Resolver extends Context.Service<Resolver, {
  /** The whole answer, once every query is over; fails when no server answered with an address. */
  readonly resolve: (host: string, limits: ResolverLimits, early?: Early) => Effect.Effect<Answers, ResolveError>
}>()("fairlead/plane/Resolver") {}
