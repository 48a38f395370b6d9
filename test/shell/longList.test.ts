/** A long list of dark addresses over real sockets: clients that come at once are served by the one that lives. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { isReady } from "../../src/core/ready.ts"
import { blackHoles } from "../support/blackHole.ts"
import { configWith } from "../support/config.ts"
import { replayText, withLive } from "../support/live.ts"
import { ask, named } from "../support/servers.ts"

const LONG = 1_024
/** Half of the list is searched before it. */
const ALIVE = 500

describe("1,024 addresses of which one lives", () => {
  it.live("serve the clients that come at once within 3 s, after some hundred dials and not before it answered", () =>
    Effect.gen(function* () {
      const dark = yield* blackHoles
      const { port } = yield* Effect.acquireRelease(
        Effect.promise(() => named("alive")),
        (server) => Effect.promise(() => server.stop())
      )
      const candidates = Array.from(
        { length: LONG },
        (_, i) => ({ host: `127.1.${Math.floor(i / 250)}.${1 + (i % 250)}`, port: i === ALIVE ? port : dark })
      )
      const alive = { host: "127.0.0.1", port }
      const listed = candidates.with(ALIVE, alive)
      const { result, segments } = yield* withLive(
        configWith([{ candidates: listed }]),
        (live) =>
          Effect.promise(async () => {
            const beganMs = performance.now()
            const clients = [1, 2, 3].map(() => ask(live.port))
            assert.isFalse(isReady(live.engine.stateUnsafe()))
            const answers = await Promise.all(clients)
            assert.isTrue(isReady(live.engine.stateUnsafe()))
            return { answers, tookMs: performance.now() - beganMs }
          })
      )
      assert.deepStrictEqual(result.answers, ["alive", "alive", "alive"])
      assert.isBelow(result.tookMs, 3_000)
      const verdict = replayText(segments)
      assert.strictEqual(verdict.outcome, "verified")
      assert.strictEqual(verdict.choices.checked, 3)
    }).pipe(Effect.scoped))
})
