/** One path through all layers over real sockets: accept, choose, dial, relay, record, replay. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { isReady } from "../../src/core/ready.ts"
import { configWith } from "../support/config.ts"
import { replayText, withLive } from "../support/live.ts"
import { ask, named, until } from "../support/servers.ts"

const addressOf = (port: number) => ({ host: "127.0.0.1", port })

describe("a forwarder with a refusing and a good candidate", () => {
  it.live("serves all clients by the good one, and its record replays to the same decisions", () =>
    Effect.gen(function* () {
      const good = yield* Effect.promise(() => named("good"))
      const dead = yield* Effect.promise(() => named("dead"))
      yield* Effect.promise(() => dead.stop())
      const config = configWith([{ candidates: [addressOf(dead.port), addressOf(good.port)] }])
      const { result, segments } = yield* withLive(config, ({ engine, port }) =>
        Effect.promise(async () => {
          await until("ready", () => isReady(engine.stateUnsafe()))
          const answers = await Promise.all(Array.from({ length: 20 }, () => ask(port)))
          await until("all ends recorded", () => engine.stateUnsafe().seq >= 42)
          return answers
        }))
      yield* Effect.promise(() => good.stop())
      assert.deepStrictEqual(new Set(result), new Set(["good"]))
      const verdict = replayText(segments)
      assert.deepInclude(verdict, { outcome: "verified", problem: null })
      assert.strictEqual(verdict.choices.checked, 20)
      assert.deepStrictEqual(verdict.moves.map((move) => move.members), [["web#2"]])
    }))
})
