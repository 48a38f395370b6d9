/** Between the engine and the listeners the dials of the first turn leave. */
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import { dialsLeave } from "../../src/apps/firstAnswers.ts"
import { Transport } from "../../src/plane/ports/Transport.ts"
import { Engine } from "../../src/shell/Engine.ts"
import { SimTransport } from "../../src/sim/SimTransport.ts"

describe("what is built after the engine", () => {
  it.live("waits until sockets were looked at, and goes on then", () =>
    Effect.gen(function* () {
      const { service } = new SimTransport(() => ({ afterMs: 0, result: "never" }))
      const asked = yield* Deferred.make<() => void>()
      const soonUnsafe = (run: () => void) => void Deferred.doneUnsafe(asked, Effect.succeed(run))
      const parts = Layer.merge(
        Layer.succeed(Transport, { ...service, soonUnsafe }),
        Layer.succeed(Engine, {} as Engine["Service"])
      )
      let isBuilt = false
      const building = yield* Effect.forkChild(
        Effect.sync(() => void (isBuilt = true)).pipe(Effect.provide(Layer.provide(dialsLeave, parts)))
      )
      const looked = yield* Deferred.await(asked)
      yield* Effect.yieldNow
      assert.isFalse(isBuilt)
      looked()
      yield* Fiber.join(building)
      assert.isTrue(isBuilt)
    }))
})
