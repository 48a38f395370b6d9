/** The system's resolver when one address family is late or gets no answer. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as NodeResolver from "../../src/adapters/node/NodeResolver.ts"
import type { Lookup } from "../../src/adapters/node/systemNames.ts"
import { systemLookup } from "../../src/adapters/node/systemNames.ts"
import type { Answers } from "../../src/plane/ports/Resolver.ts"
import { Resolver } from "../../src/plane/ports/Resolver.ts"
import { LIMITS } from "../support/answers.ts"
import { until } from "../support/servers.ts"

const resolving = <A>(lookup: Lookup, resolutionDelayMs: number, use: (resolver: Resolver["Service"]) => Effect.Effect<A>) =>
  Effect.flatMap(Resolver, use).pipe(Effect.provide(NodeResolver.layerWith({ resolutionDelayMs, lookup })))

/** A lookup that answers for IPv4 at once and for IPv6 never. */
function halfSilent() {
  const asked: Array<string> = []
  const lookup: Lookup = (host, family) => {
    asked.push(`${family} ${host}`)
    return family === 4 ? Promise.resolve(["192.0.2.1"]) : new Promise(() => {})
  }
  return { asked, lookup }
}

describe("the system's resolver", () => {
  it.live("gives the answer of one family early, and at the timeout, when the other one never answers", () =>
    resolving(halfSilent().lookup, 20, (resolver) =>
      Effect.gen(function* () {
        const early: Array<Answers> = []
        const beganMs = performance.now()
        let earlyMs = -1
        const whole = yield* Effect.orDie(resolver.resolve("a.example", { ...LIMITS, timeoutMs: 600 }, (answers) => {
          earlyMs = performance.now() - beganMs
          early.push(answers)
        }))
        const answers = { addresses: ["192.0.2.1"], omitted: 0, silent: 1 }
        assert.deepStrictEqual([early, whole], [[answers], answers])
        assert.isAtLeast(earlyMs, 19)
        assert.isBelow(earlyMs, 500)
      })))

  it.live("gets no second query for a family while the first one is unanswered", () => {
    const { asked, lookup } = halfSilent()
    return resolving(lookup, 0, (resolver) =>
      Effect.gen(function* () {
        for (let i = 0; i < 5; i++) yield* Effect.orDie(resolver.resolve("a.example", { ...LIMITS, timeoutMs: 100 }))
        const of = (question: string) => asked.filter((one) => one === question).length
        assert.deepStrictEqual([of("4 a.example"), of("6 a.example")], [5, 1])
      }))
  })

  it.live("gives one whole answer when both families answer in time", () => {
    const lookup: Lookup = (_host, family) => Promise.resolve(family === 4 ? ["192.0.2.1"] : ["2001:db8::1"])
    return resolving(lookup, 60_000, (resolver) =>
      Effect.gen(function* () {
        const early: Array<Answers> = []
        const whole = yield* Effect.orDie(resolver.resolve("a.example", LIMITS, (answers) => early.push(answers)))
        assert.deepStrictEqual([early, whole.addresses], [[], ["192.0.2.1", "2001:db8::1"]])
      }))
  })

  it.live("gives an early answer and then the whole one when one family is late", () => {
    let later = (_addresses: ReadonlyArray<string>) => {}
    const lookup: Lookup = (_host, family) =>
      family === 4 ? Promise.resolve(["192.0.2.1"]) : new Promise((resolve) => (later = resolve))
    return resolving(lookup, 0, (resolver) =>
      Effect.gen(function* () {
        const early: Array<ReadonlyArray<string>> = []
        const limits = { ...LIMITS, timeoutMs: 10_000 }
        const asking = Effect.orDie(resolver.resolve("a.example", limits, ({ addresses }) => early.push(addresses)))
        const answering = Effect.promise(async () => {
          await until("told early", () => early.length === 1)
          later(["2001:db8::1"])
        })
        const [whole] = yield* Effect.all([asking, answering], { concurrency: "unbounded" })
        assert.deepStrictEqual(early, [["192.0.2.1"]])
        assert.deepStrictEqual([whole.addresses, whole.silent], [["192.0.2.1", "2001:db8::1"], 0])
      }))
  })

  it.live("resolves localhost", () =>
    Effect.gen(function* () {
      assert.include(yield* Effect.promise(() => systemLookup("localhost", 4)), "127.0.0.1")
    }))
})
