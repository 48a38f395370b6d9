/**
 * Mailbox: events on their way into the core, bounded.
 *
 * Nothing that was promised a place is ever refused: an act reserves the place of its answer when it is given out, a client
 * reserves the places of its `ClientAccepted` and `ClientClosed` when it is accepted. Only a reservation can fail, and then
 * accepting waits. So `queued + reserved` never exceeds the limit.
 */
import type { Entry, Event } from "../core/model/Event.ts"

export class Mailbox {
  readonly #limit: number
  #entries: Array<Entry> = []
  #head = 0
  #reserved = 0
  #nextSeq: number

  constructor(limit: number, firstSeq: number) {
    this.#limit = limit
    this.#nextSeq = firstSeq
  }

  get isEmpty(): boolean {
    return this.#head === this.#entries.length
  }

  /** Places promised or taken. */
  get used(): number {
    return this.#entries.length - this.#head + this.#reserved
  }

  /** Promises places; false when there are not as many. */
  reserve(places: number): boolean {
    if (this.used + places > this.#limit) return false
    this.#reserved += places
    return true
  }

  /** Gives promised places back. */
  release(places: number): void {
    this.#reserved -= places
  }

  /** Takes a promised place. */
  post(at: number, event: Event): void {
    this.#reserved--
    this.#entries.push({ seq: this.#nextSeq++, at, event })
  }

  take(): Entry | undefined {
    if (this.isEmpty) return undefined
    const entry = this.#entries[this.#head++]
    // Shifting an array costs its length; an emptied one is replaced instead.
    if (this.isEmpty) {
      this.#entries = []
      this.#head = 0
    }
    return entry
  }
}
