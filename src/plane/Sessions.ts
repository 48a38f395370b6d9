/** The sessions under way: how to stop each, and when there is none left. */
import * as Effect from "effect/Effect"
import type { Cancel } from "./ports/Transport.ts"

export class Sessions {
  readonly #stops = new Set<{ stop: Cancel }>()
  #waiting: Array<() => void> = []

  /** Starts a session. `ended` is called once when it is over, for whatever reason. The cancel stops it. */
  add(start: (end: () => void) => Cancel, ended: () => void): Cancel {
    const session = { stop: () => {} }
    this.#stops.add(session)
    session.stop = start(() => {
      if (!this.#stops.delete(session)) return
      ended()
      if (this.#stops.size === 0) { for (const resume of this.#waiting.splice(0)) resume() }
    })
    return () => session.stop()
  }

  /** Stops all that are left and returns their number. */
  stopAll(): number {
    const left = [...this.#stops]
    for (const { stop } of left) stop()
    return left.length
  }

  readonly awaitEmpty: Effect.Effect<void> = Effect.callback<void>((resume) => {
    if (this.#stops.size === 0) return resume(Effect.void)
    const done = () => resume(Effect.void)
    this.#waiting.push(done)
    return Effect.sync(() => {
      this.#waiting = this.#waiting.filter((one) => one !== done)
    })
  })
}
