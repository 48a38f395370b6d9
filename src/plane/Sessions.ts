/** The sessions under way: how to stop each, and when there is none left. */
import type * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import type { Cancel } from "./ports/Transport.ts"

export class Sessions {
  readonly #stops = new Set<{ stop: Cancel }>()
  /** Open while there is no session. */
  readonly #empty = Latch.makeUnsafe(true)
  readonly awaitEmpty: Effect.Effect<void> = this.#empty.await

  /** Starts a session. `ended` is called once when it is over, for whatever reason. The cancel stops it. */
  add(start: (end: () => void) => Cancel, ended: () => void): Cancel {
    const session = { stop: () => {} }
    if (this.#stops.size === 0) this.#empty.closeUnsafe()
    this.#stops.add(session)
    session.stop = start(() => {
      if (!this.#stops.delete(session)) return
      ended()
      if (this.#stops.size === 0) this.#empty.openUnsafe()
    })
    return () => session.stop()
  }

  /** Stops all that are left and returns their number. */
  stopAll(): number {
    const left = [...this.#stops]
    for (const { stop } of left) stop()
    return left.length
  }
}
