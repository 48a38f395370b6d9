/**
 * Alarm: sleeps until the core's next deadline and posts `Ticked`. Only an earlier deadline wakes the sleeper anew; one that
 * moved later costs nothing now and one empty look then.
 */
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"

export interface Alarm {
  /** The core wants to be woken at this moment (µs). */
  readonly armUnsafe: (deadlineUs: number) => void
}

/** `ring` is called when a deadline has come; it must lead to another `armUnsafe` as long as there are deadlines. */
export const make = Effect.fnUntraced(function* (nowUs: () => number, ring: () => void) {
  let targetUs = Number.POSITIVE_INFINITY
  let sleepingUntilUs = Number.POSITIVE_INFINITY
  const earlier = Latch.makeUnsafe(false)

  const wait = Effect.suspend(() => {
    sleepingUntilUs = targetUs
    earlier.closeUnsafe()
    if (targetUs === Number.POSITIVE_INFINITY) return earlier.await
    // One millisecond is what timers resolve; rounding up keeps the wake-up from coming before the deadline.
    const leftMs = Math.max(0, Math.ceil((targetUs - nowUs()) / 1000))
    return Effect.raceFirst(Effect.sleep(leftMs), earlier.await)
  })

  yield* Effect.forkScoped(Effect.forever(Effect.andThen(
    wait,
    Effect.sync(() => {
      if (nowUs() < targetUs) return
      targetUs = Number.POSITIVE_INFINITY
      ring()
    })
  )))

  const alarm: Alarm = {
    armUnsafe(deadlineUs) {
      targetUs = deadlineUs
      if (deadlineUs < sleepingUntilUs) earlier.openUnsafe()
    }
  }
  return alarm
})
