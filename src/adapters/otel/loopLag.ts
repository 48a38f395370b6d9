/** How late timers are. That is how long all other work waits for this process. */
import * as Effect from "effect/Effect"

const LOOK_EVERY_MS = 100
const WINDOW_MS = 10_000

/** Measures until the scope closes. Gives the greatest lag of this window and the one before, in ms. */
export const watchLoopLag = Effect.map(
  Effect.acquireRelease(
    Effect.sync(() => {
      let before = 0
      let worst = 0
      let windowMs = performance.now()
      let lookedMs = windowMs
      const timer = setInterval(() => {
        const nowMs = performance.now()
        const lateMs = nowMs - lookedMs - LOOK_EVERY_MS
        lookedMs = nowMs
        if (nowMs - windowMs >= WINDOW_MS) {
          windowMs = nowMs
          before = worst
          worst = 0
        }
        if (lateMs > worst) worst = lateMs
      }, LOOK_EVERY_MS)
      return { worstMs: () => Math.max(worst, before), stop: () => clearInterval(timer) }
    }),
    ({ stop }) => Effect.sync(stop)
  ),
  ({ worstMs }) => worstMs
)
