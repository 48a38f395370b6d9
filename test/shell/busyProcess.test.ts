/** A process that is busy while a handshake is answered: the core hears of the answer before a deadline that came first. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as NoRecorder from "../../src/adapters/memory/NoRecorder.ts"
import type { Advance } from "../../src/core/advance.ts"
import { advance } from "../../src/core/advance.ts"
import { Plane } from "../../src/plane/Plane.ts"
import { Resolver } from "../../src/plane/ports/Resolver.ts"
import { Transport } from "../../src/plane/ports/Transport.ts"
import { Engine } from "../../src/shell/Engine.ts"
import { SimTransport } from "../../src/sim/SimTransport.ts"
import { VirtualClock } from "../../src/sim/VirtualClock.ts"
import { addresses, configWith } from "../support/config.ts"

/** A round of probes is due at 10 s, and a probe of before is answered after 10.5 s: the order in which the core learns of both. */
const learned = Effect.fnUntraced(function* (isBusy: boolean) {
  const clock = new VirtualClock()
  const transport = new SimTransport(() => ({ afterMs: 10_500, result: "connected" }), clock)
  const tags: Array<string> = []
  const watching: Advance = (state, entry) => {
    tags.push(entry.event._tag)
    return advance(state, entry)
  }
  const config = configWith([{ candidates: addresses(1), probing: { intervalMs: 10_000, timeoutMs: 60_000 } }])
  const options = { config, seed: 1, mailbox: 64, turnMs: 2, gatherMs: 0, restartDelayMs: 10, advance: watching }
  const resolver = Layer.succeed(Resolver, Resolver.of({ resolve: () => Effect.never }))
  const layer = Engine.layer(options).pipe(
    Layer.provide(Plane.layer),
    Layer.provide(Layer.mergeAll(Layer.succeed(Transport, transport.service), resolver, NoRecorder.layer))
  )
  const pass = Effect.fnUntraced(function* (ms: number) {
    transport.advance(ms)
    yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
  })
  yield* Effect.gen(function* () {
    yield* pass(0)
    if (isBusy) clock.jump(11_000_000)
    else for (let i = 0; i < 22; i++) yield* pass(500)
    for (let i = 0; i < 50; i++) yield* pass(1)
  }).pipe(Effect.scoped, Effect.provide(layer))
  return tags.filter((tag) => tag === "Ticked" || tag === "ProbeSucceeded").slice(0, 2)
})

describe("a process that was busy", () => {
  it.live("hears of an answer before a deadline that came first, and otherwise in order", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* learned(false), ["Ticked", "ProbeSucceeded"])
      assert.deepStrictEqual(yield* learned(true), ["ProbeSucceeded", "Ticked"])
    }))
})
