/**
 * A clock that moves only when it is told to. Timers fire at their own moments, and ties in the order in which they were set, so a
 * run is the same every time.
 */

interface Timer {
  readonly atUs: number
  readonly fire: () => void
}

export class VirtualClock {
  #nowUs = 0
  /** The next one last. */
  readonly #timers: Array<Timer> = []

  /** Whole microseconds since the clock was made. */
  get nowUs(): number {
    return this.#nowUs
  }

  get nowMs(): number {
    return this.#nowUs / 1000
  }

  /** How many timers are set. */
  get pending(): number {
    return this.#timers.length
  }

  /** The moment of the next timer; Infinity: none is set. */
  get nextUs(): number {
    return this.#timers.at(-1)?.atUs ?? Number.POSITIVE_INFINITY
  }

  /** Sets a timer, and returns what stops it. */
  at(atUs: number, fire: () => void): () => void {
    const timer = { atUs, fire }
    let low = 0
    let high = this.#timers.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#timers[middle]!.atUs <= atUs) high = middle
      else low = middle + 1
    }
    this.#timers.splice(low, 0, timer)
    return () => {
      const place = this.#timers.lastIndexOf(timer)
      if (place >= 0) this.#timers.splice(place, 1)
    }
  }

  /** The same after a delay. Like a real timer it rounds up to its unit, and never fires early. */
  after(delayMs: number, fire: () => void): () => void {
    return this.at(this.#nowUs + Math.max(0, Math.ceil(delayMs * 1000)), fire)
  }

  /** Fires the next timer at its moment, or now when that has passed. */
  fireNext(): void {
    const timer = this.#timers.pop()
    if (timer === undefined) return
    this.#nowUs = Math.max(this.#nowUs, timer.atUs)
    timer.fire()
  }

  /** Advances time and fires each timer that is due on the way. */
  advance(ms: number): void {
    const untilUs = this.#nowUs + Math.round(ms * 1000)
    while (this.nextUs <= untilUs) this.fireNext()
    this.#nowUs = untilUs
  }

  /** Sets the time. Timers on the way fire later, as after a machine has slept. */
  jump(toUs: number): void {
    this.#nowUs = toUs
  }
}
