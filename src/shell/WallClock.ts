/** Wall time as events: every minute, and as soon as it has drifted from the monotonic clock (sleep, jumps). */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"

const LOOK_EVERY_MS = 5_000
const TELL_EVERY_MS = 60_000
const DRIFT_MS = 5_000

/** Milliseconds since 1970. */
export const nowMs: Effect.Effect<number> = Effect.map(Clock.currentTimeMillis, Math.floor)

/** Looks every five seconds. It reports when a minute has passed or the clocks have drifted apart. */
export function watch(nowUs: () => number, tell: (wallMs: number) => void): Effect.Effect<unknown> {
  let toldWallMs = -1
  let toldUs = 0
  const look = Effect.map(nowMs, (wallMs) => {
    const monotonicMs = (nowUs() - toldUs) / 1000
    const drifted = toldWallMs >= 0 && Math.abs(wallMs - toldWallMs - monotonicMs) > DRIFT_MS
    if (toldWallMs >= 0 && monotonicMs >= TELL_EVERY_MS || drifted) tell(wallMs)
    if (toldWallMs < 0 || monotonicMs >= TELL_EVERY_MS || drifted) {
      toldWallMs = wallMs
      toldUs = nowUs()
    }
  })
  return Effect.repeat(look, Schedule.spaced(LOOK_EVERY_MS))
}
