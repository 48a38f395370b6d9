/**
 * Names by the system's resolver (hosts file and all), or by DNS servers of one's own.
 *
 * Every server is asked by itself and for both families at once, and all that they answer counts: one that is dead, slow or
 * wrong neither delays nor hides what the others know. An answer that there is nobody is one; what a server does not answer in
 * time, refuses or cannot answer is counted as silence.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as dns from "node:dns/promises"
import { ResolveError } from "../../shell/errors.ts"
import type { Answers, ResolverLimits } from "../../shell/Resolver.ts"
import { Resolver } from "../../shell/Resolver.ts"
import { mergeAnswers } from "./answers.ts"

/** One question's answer, or the code that came instead. */
interface Heard {
  readonly found?: ReadonlyArray<string>
  readonly code?: string
}

/** Codes of answers that say: nobody. */
const NOBODY = ["ENOTFOUND", "ENODATA"]
const LATE = "ETIMEOUT"

const hear = (ask: () => Promise<ReadonlyArray<string>>, withinMs: number): Effect.Effect<Heard> =>
  Effect.tryPromise({
    try: ask,
    catch: (cause) => ({ code: (cause as NodeJS.ErrnoException).code ?? String(cause) })
  }).pipe(
    Effect.match({ onSuccess: (found): Heard => ({ found }), onFailure: (silence): Heard => silence }),
    Effect.timeoutOrElse({ duration: withinMs, orElse: () => Effect.succeed<Heard>({ code: LATE }) })
  )

const bySystem = (host: string, withinMs: number): Effect.Effect<ReadonlyArray<Heard>> =>
  Effect.map(
    hear(async () => (await dns.lookup(host, { all: true, order: "verbatim" })).map(({ address }) => address), withinMs),
    (heard) => [heard]
  )

/** A packet may be lost: there is time for asking twice, the second time for twice as long. */
const byServer = (server: string, host: string, withinMs: number): Effect.Effect<ReadonlyArray<Heard>> =>
  Effect.suspend(() => {
    const resolver = new dns.Resolver({ timeout: Math.ceil(withinMs / 3), tries: 2 })
    resolver.setServers([server])
    const questions = [hear(() => resolver.resolve4(host), withinMs), hear(() => resolver.resolve6(host), withinMs)]
    return Effect.all(questions, { concurrency: "unbounded" }).pipe(Effect.ensuring(Effect.sync(() => resolver.cancel())))
  })

export const layer: Layer.Layer<Resolver> = Layer.succeed(Resolver, {
  resolve: Effect.fnUntraced(function* (host: string, { timeoutMs, maxAnswers, servers }: ResolverLimits) {
    // What some answered must be told before whoever asks stops waiting for the others.
    const withinMs = timeoutMs - Math.min(100, timeoutMs / 10)
    const heard = servers.length === 0
      ? yield* bySystem(host, withinMs)
      : yield* Effect.all(servers.map((server) => byServer(server, host, withinMs)), { concurrency: "unbounded" })
    return yield* told(host, heard.flat(), maxAnswers)
  })
})

function told(host: string, heard: ReadonlyArray<Heard>, most: number): Effect.Effect<Answers, ResolveError> {
  const lists = heard.flatMap((one) => one.found === undefined ? [] : [one.found])
  const codes = heard.flatMap(({ code }) => code ?? [])
  const silences = codes.filter((code) => !NOBODY.includes(code))
  const merged = mergeAnswers(lists, most)
  if (merged.addresses.length > 0) return Effect.succeed({ ...merged, silent: silences.length })
  const code = merged.omitted > 0 ? "unusable" : silences[0] ?? codes[0] ?? "ENODATA"
  return Effect.fail(new ResolveError({ host, code }))
}
