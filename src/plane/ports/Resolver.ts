/** Port: names to literal addresses. */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type { ResolveError } from "./errors.ts"

export interface ResolverLimits {
  /** The caller waits no longer than this. Answers that servers gave in time must be passed on before that. */
  readonly timeoutMs: number
  /** At most this many of the addresses in the answers are taken. */
  readonly maxAnswers: number
  /** `ip` or `ip:port`; none: the system's resolver. */
  readonly servers: ReadonlyArray<string>
}

export interface Answers {
  /** IP literals in canonical form and the resolver's order, each once, and all of them fit for a dial. */
  readonly addresses: ReadonlyArray<string>
  /** How many addresses were left out: beyond `maxAnswers`, or not fit for a dial. */
  readonly omitted: number
  /** Queries that some server did not answer. An answer without addresses is an answer. */
  readonly silent: number
}

/** Called with what is known while some queries are open (they count as silent), and again when more addresses come. */
export type Early = (answers: Answers) => void

export class Resolver extends Context.Service<Resolver, {
  /** The whole answer, once every query is over. It fails if no server answered with an address. */
  readonly resolve: (host: string, limits: ResolverLimits, early?: Early) => Effect.Effect<Answers, ResolveError>
}>()("fairlead/plane/Resolver") {}
