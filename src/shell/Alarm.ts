/**
 * Alarm: sleeps until the core's next deadline and posts `Ticked`. Only an earlier deadline sets the timer again. A deadline
 * that moved later costs nothing now, and one early wake-up then. It uses timers of the transport instead of a fiber that
 * sleeps, because deadlines move with every client, and to fork one again costs ten times a timer (bench/fibers.ts).
 */
import type { Cancel } from "../plane/ports/Transport.ts"

export interface Clock {
  readonly timerUnsafe: (delayMs: number, fire: () => void) => Cancel
  readonly nowUs: () => number
}

export class Alarm {
  readonly #clock: Clock
  readonly #ring: (lateUs: number) => void
  #targetUs = Number.POSITIVE_INFINITY
  #timerUs = Number.POSITIVE_INFINITY
  #stopTimer: Cancel = () => {}

  /**
   * `ring` is called when a deadline has come, with how long ago that was. It must lead to another `arm` as long as there are
   * deadlines.
   */
  constructor(clock: Clock, ring: (lateUs: number) => void) {
    this.#clock = clock
    this.#ring = ring
  }

  /** The core wants to be woken at this moment, in µs. */
  arm(deadlineUs: number): void {
    this.#targetUs = deadlineUs
    if (deadlineUs < this.#timerUs) this.#sleep()
  }

  stop(): void {
    this.#stopTimer()
  }

  #sleep(): void {
    this.#stopTimer()
    this.#timerUs = this.#targetUs
    // Timers are precise to one millisecond. Rounding up keeps the wake-up from coming before the deadline.
    const leftMs = Math.max(0, Math.ceil((this.#targetUs - this.#clock.nowUs()) / 1000))
    this.#stopTimer = this.#clock.timerUnsafe(leftMs, () => this.#woken())
  }

  #woken(): void {
    this.#timerUs = Number.POSITIVE_INFINITY
    if (this.#targetUs === Number.POSITIVE_INFINITY) return
    const lateUs = this.#clock.nowUs() - this.#targetUs
    if (lateUs < 0) return this.#sleep()
    this.#targetUs = Number.POSITIVE_INFINITY
    this.#ring(lateUs)
  }
}
