/** Warm sockets to a server that serves one connection at a time, over real sockets. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Vector from "../../src/core/data/Vector.ts"
import { isReady } from "../../src/core/ready.ts"
import { statusOf } from "../../src/shell/status.ts"
import type { UpstreamChanges } from "../support/config.ts"
import { configWith } from "../support/config.ts"
import type { Live } from "../support/live.ts"
import { replayText, withLive } from "../support/live.ts"
import type { Turn } from "../support/serialServer.ts"
import { serveOneAtATime } from "../support/serialServer.ts"
import { ask, until } from "../support/servers.ts"

const GAP_MS = 60

/** Starts clients `GAP_MS` apart, and gives how long each waited, in ms. */
async function clients(port: number, count: number): Promise<ReadonlyArray<number>> {
  const waits: Array<Promise<number>> = []
  for (let i = 0; i < count; i++) {
    const sinceMs = performance.now()
    waits.push(ask(port).then(() => performance.now() - sinceMs))
    await new Promise((resolve) => setTimeout(resolve, GAP_MS))
  }
  return Promise.all(waits)
}

const live = <A>(turn: Turn, warm: number, use: (live: Live) => Promise<A>) =>
  Effect.gen(function* () {
    const server = yield* Effect.promise(() => serveOneAtATime(turn))
    const config = configWith([{ candidates: [{ host: "127.0.0.1", port: server.port }], ...poolOf(warm) }])
    const ended = yield* withLive(config, (live) =>
      Effect.promise(async () => {
        await until(
          "ready and warm",
          () => isReady(live.engine.stateUnsafe()) && candidateOf(live).warm.ready.length === warm
        )
        return use(live)
      }))
    yield* Effect.promise(() => server.stop())
    return ended
  })
/** The defaults keep two warm sockets before the first client. */
const poolOf = (size: number): UpstreamChanges => size === 2 ? {} : { pool: { mode: "fixed", size } }
const candidateOf = ({ engine }: Live) => Vector.get(engine.stateUnsafe().candidates, 0)!
const shownBy = ({ engine }: Live) => {
  const record = { from: 0, to: 0, gaps: 0 } as never
  const names = { of: () => undefined }
  const seen = { state: engine.stateUnsafe(), nowUs: engine.nowUs(), restarts: 0, names, listeners: [], record }
  return statusOf(seen, { addresses: "full", candidates: 1 }).upstreams[0]!.candidates[0]!
}

describe("a server that serves one connection at a time", () => {
  it.live("answers each client at once if it serves its oldest connection, which clients take first", () =>
    Effect.gen(function* () {
      const { result, segments } = yield* live("oldest", 2, ({ port }) => clients(port, 40))
      assert.isBelow(result.toSorted((a, b) => a - b)[36]!, 50)
      assert.deepInclude(replayText(segments), { outcome: "verified", problem: null })
    }))

  it.live(
    "gets no more warm sockets once clients had to wait until those closed, and /status says so",
    () =>
      Effect.gen(function* () {
        const { result, segments } = yield* live("newest", 4, async (live) => {
          assert.strictEqual(shownBy(live).warmWithheld, null)
          const giveUpMs = performance.now() + 40_000
          const waits: Array<Promise<unknown>> = []
          while (candidateOf(live).relief.phase !== "withheld" && performance.now() < giveUpMs) {
            waits.push(ask(live.port))
            await new Promise((resolve) => setTimeout(resolve, 1_000))
          }
          await Promise.all(waits)
          assert.strictEqual(shownBy(live).warmWithheld, "serial")
          await until("no warm sockets", () => live.acceptor.warmPool.size === 0)
          return clients(live.port, 10)
        })
        assert.isBelow(Math.max(...result), 200)
        assert.deepInclude(replayText(segments), { outcome: "verified", problem: null })
      }),
    60_000
  )
})
