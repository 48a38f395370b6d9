/** What a resolver says that knows exactly these addresses, and what a whole configuration has beside its upstreams. */
import type { Answers, ResolverLimits } from "../../src/shell/Resolver.ts"

export const answersOf = (addresses: ReadonlyArray<string>): Answers => ({ addresses, omitted: 0, silent: 0 })

export const LIMITS: ResolverLimits = { timeoutMs: 1_000, maxAnswers: 256, servers: [] }
