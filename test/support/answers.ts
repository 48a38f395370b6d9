/** The answer of a resolver with exactly these addresses, and the limits of a DNS query. */
import type { Answers, ResolverLimits } from "../../src/plane/ports/Resolver.ts"

export const answersOf = (addresses: ReadonlyArray<string>): Answers => ({ addresses, omitted: 0, silent: 0 })

export const LIMITS: ResolverLimits = { timeoutMs: 1_000, maxAnswers: 256, servers: [] }
