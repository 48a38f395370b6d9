/**
 * A clock that moves only when it is told to. Timers fire at their own moments, and ties in the order in which they were set, so a
 * run is the same every time.
 */

/** Timers that have fired are dropped so many at a time. */
const MOST_FIRED = 4_096

interface Timer {
  readonly atUs: number
  readonly fire: () => void
}

export class VirtualClock {
  #nowUs = 0
  /** In the order of their moments, from `#head` on: most timers are set for later than all others, which costs least here. */
  #timers: Array<Timer> = []
  #head = 0

  /** Whole microseconds since the clock was made. */
  get nowUs(): number {
    return this.#nowUs
  }

  get nowMs(): number {
    return this.#nowUs / 1000
  }

  /** How many timers are set. */
  get pending(): number {
    return this.#timers.length - this.#head
  }

  /** The moment of the next timer; Infinity: none is set. */
  get nextUs(): number {
    return this.#timers[this.#head]?.atUs ?? Number.POSITIVE_INFINITY
  }

  /** Sets a timer, and returns what stops it. */
  at(atUs: number, fire: () => void): () => void {
    const timer = { atUs, fire }
    let low = this.#head
    let high = this.#timers.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#timers[middle]!.atUs <= atUs) low = middle + 1
      else high = middle
    }
    this.#timers.splice(low, 0, timer)
    return () => {
      const place = this.#timers.indexOf(timer, this.#head)
      if (place >= 0) this.#timers.splice(place, 1)
    }
  }

  /** The same after a delay. Like a real timer it rounds up to its unit, and never fires early. */
  after(delayMs: number, fire: () => void): () => void {
    return this.at(this.#nowUs + Math.max(0, Math.ceil(delayMs * 1000)), fire)
  }

  /** Fires the next timer at its moment, or now when that has passed. */
  fireNext(): void {
    const timer = this.#timers[this.#head]
    if (timer === undefined) return
    if (++this.#head >= MOST_FIRED) {
      this.#timers = this.#timers.slice(this.#head)
      this.#head = 0
    }
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
