/** Core facts for subscribers in this process. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as PubSub from "effect/PubSub"
import * as NodeResolver from "../../src/adapters/node/NodeResolver.ts"
import * as NodeTransport from "../../src/adapters/node/NodeTransport.ts"
import type { Fact } from "../../src/core/model/Decision.ts"
import { initial } from "../../src/core/state.ts"
import { configWith } from "../support/config.ts"
import * as Interpreter from "../../src/shell/Interpreter.ts"
import { Resolver } from "../../src/plane/ports/Resolver.ts"
import { Plane } from "../../src/plane/Plane.ts"
import { PlanePort } from "../../src/plane/ports/PlanePort.ts"

const KEPT = 1_024
const state = initial(configWith([{}]), 1)
const fact = (candidate: number): Fact => ({ _tag: "Cleared", upstream: 0, candidate })

describe("core facts", () => {
  it.effect("all reach a subscriber that keeps up, while one that falls behind loses the oldest", () =>
    Effect.gen(function* () {
      const interpreter = yield* Interpreter.make(yield* PlanePort, yield* Resolver, () => {}, () => state)
      const behind = yield* PubSub.subscribe(interpreter.facts)
      const awake = yield* PubSub.subscribe(interpreter.facts)
      for (let i = 0; i < 2 * KEPT; i++) {
        interpreter.runUnsafe(fact(i))
        assert.deepStrictEqual(yield* PubSub.take(awake), fact(i))
      }
      const kept = yield* PubSub.takeAll(behind)
      assert.deepStrictEqual([kept.length, kept[0], kept.at(-1)], [KEPT, fact(KEPT), fact(2 * KEPT - 1)])
    }).pipe(
      Effect.scoped,
      Effect.provide(Layer.provideMerge(Plane.layer, Layer.merge(NodeTransport.layer, NodeResolver.layer)))
    ))
})
