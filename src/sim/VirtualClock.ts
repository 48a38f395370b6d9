/**
 * A clock that moves only when it is told to. Timers fire at their own moments, and ties in the order in which they were set, so a
 * run is the same every time.
 */

interface Timer {
  readonly atUs: number
  /** How many were set before it. */
  readonly order: number
  /** undefined: it was stopped. */
  fire: (() => void) | undefined
}

export class VirtualClock {
  #nowUs = 0
  /** A binary heap: the next timer comes first, and those at 2i + 1 and 2i + 2 after the one at i. */
  readonly #timers: Array<Timer> = []
  #order = 0
  #stopped = 0

  /** Whole microseconds since the clock was made. */
  get nowUs(): number {
    return this.#nowUs
  }

  get nowMs(): number {
    return this.#nowUs / 1000
  }

  /** How many timers are set. */
  get pending(): number {
    return this.#timers.length - this.#stopped
  }

  /** The moment of the next timer; Infinity: none is set. */
  get nextUs(): number {
    return this.#timers[0]?.atUs ?? Number.POSITIVE_INFINITY
  }

  /** Sets a timer, and returns what stops it. */
  at(atUs: number, fire: () => void): () => void {
    const timer: Timer = { atUs, order: this.#order++, fire }
    this.#rise(timer, this.#timers.length)
    return () => {
      if (timer.fire === undefined) return
      timer.fire = undefined
      this.#stopped++
      this.#dropStopped()
    }
  }

  /** The same after a delay. Like a real timer it rounds up to its unit, and never fires early. */
  after(delayMs: number, fire: () => void): () => void {
    return this.at(this.#nowUs + Math.max(0, Math.ceil(delayMs * 1000)), fire)
  }

  /** Fires the next timer at its moment, or now when that has passed. */
  fireNext(): void {
    const timer = this.#timers[0]
    if (timer === undefined) return
    const { fire } = timer
    timer.fire = undefined
    this.#removeFirst()
    this.#dropStopped()
    this.#nowUs = Math.max(this.#nowUs, timer.atUs)
    fire?.()
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

  /** The first timer is always one that is set. */
  #dropStopped(): void {
    for (let first = this.#timers[0]; first !== undefined && first.fire === undefined; first = this.#timers[0]) {
      this.#removeFirst()
      this.#stopped--
    }
  }

  /** The last timer takes the place of the first one. */
  #removeFirst(): void {
    const timers = this.#timers
    const last = timers.pop()
    if (last === undefined || timers.length === 0) return
    let place = 0
    for (let below = 1; below < timers.length; below = 2 * place + 1) {
      const right = timers[below + 1]
      const first = right !== undefined && isBefore(right, timers[below] as Timer) ? below + 1 : below
      const one = timers[first] as Timer
      if (!isBefore(one, last)) break
      timers[place] = one
      place = first
    }
    timers[place] = last
  }

  #rise(timer: Timer, from: number): void {
    const timers = this.#timers
    let place = from
    while (place > 0) {
      const above = (place - 1) >> 1
      const one = timers[above] as Timer
      if (!isBefore(timer, one)) break
      timers[place] = one
      place = above
    }
    timers[place] = timer
  }
}

function isBefore(a: Timer, b: Timer): boolean {
  return a.atUs < b.atUs || (a.atUs === b.atUs && a.order < b.order)
}
