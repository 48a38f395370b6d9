/** Counts lost telemetry, and reports it in the log at most once a minute. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"

const SAY_EVERY_MS = 60_000

export interface Drops {
  /** `why` is for people. The log has the first one of each minute. */
  readonly add: (count: number, why: string) => void
  readonly total: () => number
}

export const makeDrops = Effect.gen(function* () {
  const fork = yield* FiberSet.makeRuntime<never, void>()
  const clock = yield* Clock.Clock
  let total = 0
  let reported = 0
  let saidAtMs = -SAY_EVERY_MS
  const say = (why: string) =>
    Effect.annotateLogs(
      Effect.logWarning("telemetry was dropped; this is logged at most once a minute, and clients are not affected"),
      {
        dropped: total - reported,
        why
      }
    )
  const drops: Drops = {
    total: () => total,
    add(count, why) {
      if (count <= 0) return
      total += count
      const nowMs = clock.currentTimeMillisUnsafe()
      if (nowMs - saidAtMs < SAY_EVERY_MS) return
      saidAtMs = nowMs
      fork(say(why))
      reported = total
    }
  }
  return drops
})
