/** The start of a process waits for its first handshakes, and not for addresses that do not answer. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { firstAnswers } from "../../src/apps/firstAnswers.ts"
import { Engine } from "../../src/shell/Engine.ts"
import { blackHole } from "../support/blackHole.ts"
import { configWith } from "../support/config.ts"
import { liveLayer } from "../support/live.ts"
import { serve } from "../support/servers.ts"

const server = Effect.acquireRelease(
  Effect.promise(() => serve((socket) => socket.resume())),
  (server) => Effect.promise(() => server.stop())
)

/** How many probes are under way before and after the wait, and how many sockets are warm after it. */
const waited = (ports: ReadonlyArray<number>) =>
  Effect.gen(function* () {
    const engine = yield* Engine
    const probes = () => engine.stateUnsafe().probing.inFlight.length
    const before = probes()
    yield* firstAnswers
    return { before, after: probes(), warm: engine.stateUnsafe().warmTotal }
  }).pipe(
    Effect.provide(liveLayer(configWith([{ candidates: ports.map((port) => ({ host: "127.0.0.1", port })) }])).layer),
    Effect.scoped
  )

describe("the start of a process", () => {
  it.live("waits until its probes are answered and the warm sockets that follow are connected", () =>
    Effect.gen(function* () {
      const { port } = yield* server
      const { before, after, warm } = yield* waited([port])
      assert.deepStrictEqual([before, after], [1, 0])
      assert.isAbove(warm, 0)
    }))

  it.live("goes on while an address does not answer", () =>
    Effect.gen(function* () {
      const { port } = yield* server
      assert.deepInclude(yield* waited([port, yield* blackHole]), { before: 2, after: 1 })
    }))

  it.live("does not wait where nothing is dialled", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* waited([]), { before: 0, after: 0, warm: 0 })
    }))
})
