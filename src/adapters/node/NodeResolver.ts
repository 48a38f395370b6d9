/**
 * Resolves names by the system's resolver (hosts file included), or by configured DNS servers.
 *
 * - Each family is a query of its own, to each server, and all queries start at once. All answers count: a server that is dead,
 *   slow or wrong neither delays nor hides the answers of the others.
 * - As in RFC 8305, the first addresses are reported once the other queries have had `resolutionDelayMs` more, and later ones
 *   as they come. The resolution ends when all queries have ended.
 * - An answer without addresses is an answer. A query is silent where the server does not answer in time, refuses, or cannot
 *   answer.
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as dns from "node:dns/promises"
import { ResolveError } from "../../plane/ports/errors.ts"
import type { Answers, Early, ResolverLimits } from "../../plane/ports/Resolver.ts"
import { Resolver } from "../../plane/ports/Resolver.ts"
import { mergeAnswers } from "./answers.ts"
import type { Lookup } from "./systemNames.ts"
import { shared, systemLookup } from "./systemNames.ts"

export interface ResolverOptions {
  readonly resolutionDelayMs: number
  /** How the system is queried. */
  readonly lookup?: Lookup
}

/** The answer to one query, or the code of its failure. */
interface Reply {
  readonly found?: ReadonlyArray<string>
  readonly code?: string
}

interface Queries {
  readonly send: ReadonlyArray<() => Promise<ReadonlyArray<string>>>
  /** Cancels the queries that have no answer yet. */
  readonly end: () => void
}

/** Codes of answers without addresses. */
const EMPTY = ["ENOTFOUND", "ENODATA"]
const LATE = "ETIMEOUT"

export const layerWith = ({ resolutionDelayMs, lookup = systemLookup }: ResolverOptions): Layer.Layer<Resolver> =>
  Layer.sync(Resolver, () => {
    const bySystem = shared(lookup)
    return Resolver.of({
      resolve: (host, limits, early) =>
        Effect.suspend(() => {
          // The answers so far must be reported before the caller stops waiting.
          const withinMs = limits.timeoutMs - Math.min(100, limits.timeoutMs / 10)
          const queries: Queries = limits.servers.length === 0
            ? { send: [() => bySystem(host, 4), () => bySystem(host, 6)], end: () => {} }
            : toServers(host, limits, withinMs)
          return answered(host, limits, queries, withinMs, resolutionDelayMs, early)
        })
    })
  })

export const layer = layerWith({ resolutionDelayMs: 50 })

/** A packet may be lost, so the time is for two tries, the second twice as long. */
function toServers(host: string, { servers }: ResolverLimits, withinMs: number): Queries {
  const resolvers = servers.map((server) => {
    const resolver = new dns.Resolver({ timeout: Math.ceil(withinMs / 3), tries: 2 })
    resolver.setServers([server])
    return resolver
  })
  return {
    send: resolvers.flatMap((one) => [() => one.resolve4(host), () => one.resolve6(host)]),
    end: () => resolvers.forEach((one) => one.cancel())
  }
}

function answered(
  host: string,
  { maxAnswers }: ResolverLimits,
  { send, end }: Queries,
  withinMs: number,
  resolutionDelayMs: number,
  early: Early | undefined
): Effect.Effect<Answers, ResolveError> {
  const replies = new Map<number, Reply>()
  const first = Deferred.makeUnsafe<void>()
  let isDue = false
  let reported = 0
  const report = () => {
    const answers = answersIn([...replies.values()], send.length, maxAnswers)
    if (early === undefined || replies.size === send.length || answers.addresses.length === reported) return
    reported = answers.addresses.length
    early(answers)
  }
  const querying = Effect.forEach(send, (query, i) =>
    Effect.map(replyTo(query, withinMs), (one) => {
      replies.set(i, one)
      if (answersIn([one], 1, maxAnswers).addresses.length === 0) return
      if (isDue) report()
      else Deferred.doneUnsafe(first, Effect.void)
    }), { concurrency: "unbounded", discard: true })
  const reporting = Deferred.await(first).pipe(
    Effect.andThen(Effect.sleep(resolutionDelayMs)),
    Effect.andThen(Effect.sync(() => {
      isDue = true
      report()
    })),
    Effect.andThen(Effect.never)
  )
  return Effect.raceFirst(querying, reporting).pipe(
    Effect.ensuring(Effect.sync(end)),
    Effect.andThen(Effect.suspend(() => whole(host, [...replies.values()], maxAnswers)))
  )
}

function replyTo(query: () => Promise<ReadonlyArray<string>>, withinMs: number): Effect.Effect<Reply> {
  return Effect.tryPromise({
    try: query,
    catch: (cause) => ({ code: (cause as NodeJS.ErrnoException).code ?? String(cause) })
  }).pipe(
    Effect.match({ onSuccess: (found): Reply => ({ found }), onFailure: (silence): Reply => silence }),
    Effect.timeoutOrElse({ duration: withinMs, orElse: () => Effect.succeed<Reply>({ code: LATE }) })
  )
}

/** The answers so far. Queries without an answer count as silent. */
function answersIn(replies: ReadonlyArray<Reply>, sent: number, most: number): Answers {
  const lists = replies.flatMap((one) => one.found === undefined ? [] : [one.found])
  return { ...mergeAnswers(lists, most), silent: silencesIn(replies).length + sent - replies.length }
}

function silencesIn(replies: ReadonlyArray<Reply>): ReadonlyArray<string> {
  return replies.flatMap(({ code }) => code === undefined || EMPTY.includes(code) ? [] : [code])
}

function whole(host: string, replies: ReadonlyArray<Reply>, most: number): Effect.Effect<Answers, ResolveError> {
  const answers = answersIn(replies, replies.length, most)
  if (answers.addresses.length > 0) return Effect.succeed(answers)
  const code = replies.flatMap(({ code }) => code ?? [])[0]
  return Effect.fail(
    new ResolveError({ host, code: answers.omitted > 0 ? "unusable" : silencesIn(replies)[0] ?? code ?? "ENODATA" })
  )
}
