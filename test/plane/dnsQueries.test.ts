/** One DNS query for all clients that need the same name at the same time. */
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import { ResolveError } from "../../src/plane/ports/errors.ts"
import { DnsQueries } from "../../src/plane/DnsQueries.ts"
import type { Answers } from "../../src/plane/ports/Resolver.ts"
import { Resolver } from "../../src/plane/ports/Resolver.ts"
import { answersOf, LIMITS } from "../support/answers.ts"
import { until } from "../support/servers.ts"

/** A resolver that the test answers, in part or in whole, and the queries that it got. */
function slow() {
  const asked: Array<string> = []
  const early: Array<(addresses: ReadonlyArray<string>) => void> = []
  const given: Array<string> = []
  const open: Array<Deferred.Deferred<Answers, ResolveError>> = []
  const resolver = Resolver.of({
    resolve: (host, _limits, told) =>
      Effect.suspend(() => {
        const answer = Deferred.makeUnsafe<Answers, ResolveError>()
        asked.push(host)
        open.push(answer)
        early.push((addresses) => told?.(answersOf(addresses)))
        return Effect.onInterrupt(Deferred.await(answer), () => Effect.sync(() => void given.push(host)))
      })
  })
  return { asked, early, given, open, names: new DnsQueries(resolver) }
}

const asking = (what: string, holds: () => boolean) => Effect.promise(() => until(what, holds))

describe("DNS queries of clients", () => {
  it.live("are shared by clients that wait for a name at the same time, and made anew afterwards", () =>
    Effect.gen(function* () {
      const { asked, open, names } = slow()
      const got: Array<ReadonlyArray<string>> = []
      for (let i = 0; i < 3; i++) names.query("a.example", LIMITS, (addresses) => got.push(addresses))
      yield* asking("asked", () => open.length === 1)
      Deferred.doneUnsafe(open[0]!, Effect.succeed(answersOf(["192.0.2.1"])))
      yield* asking("answered", () => got.length === 3)
      assert.deepStrictEqual(got, [["192.0.2.1"], ["192.0.2.1"], ["192.0.2.1"]])
      names.query("a.example", LIMITS, (addresses) => got.push(addresses))
      yield* asking("asked again", () => asked.length === 2)
      Deferred.doneUnsafe(open[1]!, Effect.fail(new ResolveError({ host: "a.example", code: "ENOTFOUND" })))
      yield* asking("answered", () => got.length === 4)
      assert.deepStrictEqual(got[3], [])
    }))

  it.live("are cancelled once no client waits, and a client that left gets no answer", () =>
    Effect.gen(function* () {
      const { given, open, names } = slow()
      const got: Array<number> = []
      const [first, second] = [1, 2].map((i) => names.query("a.example", LIMITS, () => got.push(i)))
      yield* asking("asked", () => open.length === 1)
      first?.()
      assert.deepStrictEqual(given, [])
      second?.()
      second?.()
      yield* asking("given up", () => given.length === 1)
      assert.deepStrictEqual(got, [])
    }))

  it.live("give a partial answer to waiting clients, to later ones at once, and then the whole answer", () =>
    Effect.gen(function* () {
      const { asked, early, open, names } = slow()
      const got: Array<string> = []
      const come = (client: string) =>
        names.query(
          "a.example",
          LIMITS,
          (addresses, isOver) => got.push(`${client} ${addresses.join()}${isOver ? "." : ""}`)
        )
      come("first")
      yield* asking("asked", () => open.length === 1)
      early[0]?.(["192.0.2.1"])
      assert.deepStrictEqual(got, ["first 192.0.2.1"])
      come("second")
      const leave = come("third")
      leave()
      assert.strictEqual(got.length, 1)
      yield* asking("told", () => got.length > 1)
      Deferred.doneUnsafe(open[0]!, Effect.succeed(answersOf(["192.0.2.1", "192.0.2.2"])))
      yield* asking("over", () => got.length === 4)
      assert.deepStrictEqual(got.slice(1), [
        "second 192.0.2.1",
        "first 192.0.2.1,192.0.2.2.",
        "second 192.0.2.1,192.0.2.2."
      ])
      assert.strictEqual(asked.length, 1)
    }))
})
