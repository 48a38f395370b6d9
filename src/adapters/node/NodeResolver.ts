/**
 * Names by the system's resolver (hosts file and all), or by DNS servers of one's own.
 *
 * Each family is a question of its own, to every server by itself, all at once, and all that they answer counts: a server that is
 * dead, slow or wrong neither delays nor hides what the others know. As in RFC 8305 the first addresses are told when the other
 * questions have had `resolutionDelayMs` more, and later ones as they come; the whole answer is there when all questions are over.
 * An answer without addresses is one; what a server does not answer in time, refuses or cannot answer is counted as silence.
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
  /** How the system is asked. */
  readonly lookup?: Lookup
}

/** One question's answer, or the code that came instead. */
interface Heard {
  readonly found?: ReadonlyArray<string>
  readonly code?: string
}

interface Questions {
  readonly asks: ReadonlyArray<() => Promise<ReadonlyArray<string>>>
  /** Takes back what has no answer yet. */
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
          // What some answered must be told before the asking side stops waiting for the others.
          const withinMs = limits.timeoutMs - Math.min(100, limits.timeoutMs / 10)
          const questions: Questions = limits.servers.length === 0
            ? { asks: [() => bySystem(host, 4), () => bySystem(host, 6)], end: () => {} }
            : toServers(host, limits, withinMs)
          return answered(host, limits, questions, withinMs, resolutionDelayMs, early)
        })
    })
  })

export const layer = layerWith({ resolutionDelayMs: 50 })

/** A packet may be lost: there is time for asking twice, the second time for twice as long. */
function toServers(host: string, { servers }: ResolverLimits, withinMs: number): Questions {
  const resolvers = servers.map((server) => {
    const resolver = new dns.Resolver({ timeout: Math.ceil(withinMs / 3), tries: 2 })
    resolver.setServers([server])
    return resolver
  })
  return {
    asks: resolvers.flatMap((one) => [() => one.resolve4(host), () => one.resolve6(host)]),
    end: () => resolvers.forEach((one) => one.cancel())
  }
}

function answered(
  host: string,
  { maxAnswers }: ResolverLimits,
  { asks, end }: Questions,
  withinMs: number,
  resolutionDelayMs: number,
  early: Early | undefined
): Effect.Effect<Answers, ResolveError> {
  const heard = new Map<number, Heard>()
  const first = Deferred.makeUnsafe<void>()
  let isDue = false
  let told = 0
  const tell = () => {
    const answers = answersIn([...heard.values()], asks.length, maxAnswers)
    if (early === undefined || heard.size === asks.length || answers.addresses.length === told) return
    told = answers.addresses.length
    early(answers)
  }
  const hearing = Effect.forEach(asks, (ask, i) =>
    Effect.map(hear(ask, withinMs), (one) => {
      heard.set(i, one)
      if (answersIn([one], 1, maxAnswers).addresses.length === 0) return
      if (isDue) tell()
      else Deferred.doneUnsafe(first, Effect.void)
    }), { concurrency: "unbounded", discard: true })
  const telling = Deferred.await(first).pipe(
    Effect.andThen(Effect.sleep(resolutionDelayMs)),
    Effect.andThen(Effect.sync(() => {
      isDue = true
      tell()
    })),
    Effect.andThen(Effect.never)
  )
  return Effect.raceFirst(hearing, telling).pipe(
    Effect.ensuring(Effect.sync(end)),
    Effect.andThen(Effect.suspend(() => whole(host, [...heard.values()], maxAnswers)))
  )
}

function hear(ask: () => Promise<ReadonlyArray<string>>, withinMs: number): Effect.Effect<Heard> {
  return Effect.tryPromise({
    try: ask,
    catch: (cause) => ({ code: (cause as NodeJS.ErrnoException).code ?? String(cause) })
  }).pipe(
    Effect.match({ onSuccess: (found): Heard => ({ found }), onFailure: (silence): Heard => silence }),
    Effect.timeoutOrElse({ duration: withinMs, orElse: () => Effect.succeed<Heard>({ code: LATE }) })
  )
}

/** What is known when some of the questions have been heard; the others are silent so far. */
function answersIn(heard: ReadonlyArray<Heard>, asked: number, most: number): Answers {
  const lists = heard.flatMap((one) => one.found === undefined ? [] : [one.found])
  return { ...mergeAnswers(lists, most), silent: silencesIn(heard).length + asked - heard.length }
}

function silencesIn(heard: ReadonlyArray<Heard>): ReadonlyArray<string> {
  return heard.flatMap(({ code }) => code === undefined || EMPTY.includes(code) ? [] : [code])
}

function whole(host: string, heard: ReadonlyArray<Heard>, most: number): Effect.Effect<Answers, ResolveError> {
  const answers = answersIn(heard, heard.length, most)
  if (answers.addresses.length > 0) return Effect.succeed(answers)
  const code = heard.flatMap(({ code }) => code ?? [])[0]
  return Effect.fail(
    new ResolveError({ host, code: answers.omitted > 0 ? "unusable" : silencesIn(heard)[0] ?? code ?? "ENODATA" })
  )
}
