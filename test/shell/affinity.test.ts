/** Which of several equal addresses the connections of one client get, over real sockets. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type { Affinity } from "../../src/core/model/Config.ts"
import { configWith } from "../support/config.ts"
import { replayText, withLive } from "../support/live.ts"
import { ask, named, until } from "../support/servers.ts"

const connections = Effect.fnUntraced(function* (affinity: Affinity) {
  const servers = yield* Effect.promise(() => Promise.all(["a", "b", "c"].map((name) => named(name))))
  const candidates = servers.map(({ port }) => ({ host: "127.0.0.1", port }))
  const balancing = { affinity, toleranceMs: 1_000 }
  const ended = yield* withLive(
    configWith([{ candidates, balancing, selector: { minScore: 0 } }]),
    ({ engine, port }) =>
      Effect.promise(async () => {
        await until("three members", () => engine.routesUnsafe().upstreams[0]?.members.length === 3)
        const answers: Array<string> = []
        // Four at once, so that the member with the fewest connections changes.
        for (let i = 0; i < 10; i++) answers.push(...await Promise.all([ask(port), ask(port), ask(port), ask(port)]))
        return answers
      })
  )
  yield* Effect.promise(() => Promise.all(servers.map((server) => server.stop())))
  return ended
})

describe("connections of one client", () => {
  it.live("all reach the same member with affinity client, and the record replays", () =>
    Effect.gen(function* () {
      const { result, segments } = yield* connections("client")
      assert.lengthOf(result, 40)
      assert.strictEqual(new Set(result).size, 1)
      assert.deepInclude(replayText(segments), { outcome: "verified", problem: null })
    }))

  it.live("are spread over all members with affinity none", () =>
    Effect.gen(function* () {
      const { result } = yield* connections("none")
      assert.strictEqual(new Set(result).size, 3)
    }))
})
