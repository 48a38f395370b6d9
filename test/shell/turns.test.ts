/** When the engine works: events gather, and one turn serves them all. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as NoRecorder from "../../src/adapters/memory/NoRecorder.ts"
import type { ControlEvent, Event } from "../../src/core/model/Event.ts"
import { Engine } from "../../src/shell/Engine.ts"
import { Resolver } from "../../src/shell/Resolver.ts"
import { Transport } from "../../src/shell/Transport.ts"
import { addresses, configWith } from "../support/config.ts"
import { SimTransport } from "../support/SimTransport.ts"

const REFRESH: ControlEvent = { _tag: "RefreshRequested", worker: 0, upstream: 0 }
const REQUEST: Event = { _tag: "DomainRequested", worker: 0, upstream: -1, host: "example.test", port: 443 }

/** At which milliseconds turns came for events at 10, 11 and 20 ms; the second of them is what is given. */
const turnsWith = Effect.fnUntraced(function* (gatherMs: number, second: Event = REFRESH) {
  const transport = new SimTransport(() => ({ afterMs: 0, result: "never" }))
  const turns: Array<number> = []
  const options = {
    seed: 1,
    mailbox: 64,
    turnMs: 2,
    gatherMs,
    restartDelayMs: 10,
    onTurn: () => turns.push(transport.nowMs)
  }
  const resolver = Layer.succeed(Resolver, Resolver.of({ resolve: () => Effect.never }))
  const layer = Engine.layer({ ...options, config: configWith([{ candidates: addresses(1) }]) }).pipe(
    Layer.provide(Layer.mergeAll(Layer.succeed(Transport, transport.service), resolver, NoRecorder.layer))
  )
  yield* Effect.gen(function* () {
    const engine = yield* Engine
    transport.advance(10)
    turns.length = 0
    engine.controlUnsafe(REFRESH)
    transport.advance(1)
    assert.isTrue(engine.reserveUnsafe(1))
    engine.postUnsafe(second)
    transport.advance(9)
    engine.controlUnsafe(REFRESH)
    transport.advance(10)
  }).pipe(Effect.scoped, Effect.provide(layer))
  return turns.filter((atMs) => atMs < 30)
})

describe("turns of the engine", () => {
  it.effect("wait until events have gathered, and serve them together", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* turnsWith(2), [12, 22])
      assert.deepStrictEqual(yield* turnsWith(5), [15, 25])
    }))

  it.effect("come at once, for all that has gathered, when a client waits for what the core makes of it", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* turnsWith(5, REQUEST), [11, 25])
    }))

  it.effect("come at once when nothing is to gather", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* turnsWith(0), [10, 11, 20])
    }))
})
