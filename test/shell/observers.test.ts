/** Observers of the engine: a list whose order means nothing. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as References from "effect/References"
import * as Stream from "effect/Stream"
import type { Entry } from "../../src/core/model/Event.ts"
import { initial } from "../../src/core/state.ts"
import * as ClientLog from "../../src/shell/ClientLog.ts"
import { Engine } from "../../src/shell/Engine.ts"
import { Facts } from "../../src/shell/facts/Facts.ts"
import type { Folded } from "../../src/shell/Observer.ts"
import * as Observer from "../../src/shell/Observer.ts"
import { addresses, configWith } from "../support/config.ts"
import { liveLayer } from "../support/live.ts"
import { until } from "../support/servers.ts"

const config = configWith([{ candidates: addresses(2) }])
const session = { worker: 0, session: 1, candidate: "none" } as const
const refused = { upstream: 0, routes: 1, chosen: "none", why: "unranked", warm: 0, client: 0, tried: [] } as const

/** What each observer made of a short run of a live engine. */
const seenIn = (orderOf: <A>(all: ReadonlyArray<A>) => ReadonlyArray<A>) =>
  Effect.gen(function* () {
    const lines: Array<string> = []
    const entries: Array<string> = []
    const count: Folded = ({ event }) => void entries.push(event._tag)
    const logger = Logger.layer([Logger.make(({ message }) => void lines.push(String(message)))])
    const observers = Effect.all(orderOf([Facts.observer, ClientLog.observer(() => true), Effect.succeed([count])]))
    const service = liveLayer(config).layer.pipe(
      Layer.provideMerge(Observer.layer(observers)),
      Layer.provideMerge(Facts.layer({ perSecond: 1_000, kept: 64, addresses: "redacted" })),
      Layer.provide(Layer.merge(logger, Layer.succeed(References.MinimumLogLevel, "All")))
    )
    return yield* Effect.gen(function* () {
      const { stateUnsafe, reserveUnsafe, postUnsafe } = yield* Engine
      const facts = yield* Facts
      reserveUnsafe(1)
      postUnsafe({ _tag: "ClientAccepted", listener: "web", ...session, ...refused })
      yield* Effect.promise(() => until("both addresses were probed", () => stateUnsafe().seq >= 3 && lines.length > 0))
      const told = yield* Stream.runCollect(Stream.take(facts.streamAfter(0), 2))
      return {
        first: entries[0],
        facts: [...told].map(({ kind, entry }) => `${kind} ${entry}`),
        lines: lines.filter((line) => line.startsWith("client"))
      }
    }).pipe(Effect.provide(service), Effect.scoped)
  })

describe("the observers of the engine", () => {
  it.live("see every entry from the first on, and the same in any order", () =>
    Effect.gen(function* () {
      const forwards = yield* seenIn((all) => all)
      const backwards = yield* seenIn((all) => all.toReversed())
      assert.deepStrictEqual(backwards, forwards)
      assert.strictEqual(forwards.first, "Started")
      assert.deepStrictEqual(forwards.lines, ["client not served"])
      assert.match(forwards.facts[0] ?? "", / 0$/)
    }))

  it("that throw hinder neither each other nor the engine, and each is reported once", () => {
    const entry: Entry = { seq: 0, at: 0, event: { _tag: "Ticked", worker: 0 } }
    const state = initial(config, 1)
    let seen = 0
    const broken = (why: string): Folded => () => {
      throw new Error(why)
    }
    const causes: Array<unknown> = []
    const see = Observer.together([broken("one"), () => seen++, broken("two")], (cause) => causes.push(cause))
    see?.(entry, [], state)
    see?.(entry, [], state)
    assert.deepStrictEqual([seen, causes.map(String)], [2, ["Error: one", "Error: two"]])
    assert.isUndefined(Observer.together([], () => {}))
  })
})
