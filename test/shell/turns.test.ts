/** When the engine takes a turn: events gather, and one turn handles them all. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as NoRecorder from "../../src/adapters/memory/NoRecorder.ts"
import type { ControlEvent, Event } from "../../src/core/model/Event.ts"
import { Engine } from "../../src/shell/Engine.ts"
import { Plane } from "../../src/plane/Plane.ts"
import { Resolver } from "../../src/plane/ports/Resolver.ts"
import { Transport } from "../../src/plane/ports/Transport.ts"
import { addresses, configWith } from "../support/config.ts"
import { SimTransport } from "../../src/sim/SimTransport.ts"

const REFRESH: ControlEvent = { _tag: "RefreshRequested", worker: 0, upstream: 0 }
const REQUEST: Event = { _tag: "DomainRequested", worker: 0, upstream: "none", host: "example.test", port: 443 }

/** The times in ms of the turns for events at 10, 11 and 20 ms; `second` is the event at 11 ms. */
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
    Layer.provide(Plane.layer),
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
  it.effect("start after `gatherMs` and handle the gathered events together", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* turnsWith(2), [12, 22])
      assert.deepStrictEqual(yield* turnsWith(5), [15, 25])
    }))

  it.effect("start at once and handle all gathered events when a client waits for the core", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* turnsWith(5, REQUEST), [11, 25])
    }))

  it.effect("start at once when `gatherMs` is 0", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* turnsWith(0), [10, 11, 20])
    }))
})
