/**
 * Mailbox: events on their way into the core, bounded.
 *
 * An event with a promised permit is never refused. A client reserves the permits of its `ClientAccepted` and `ClientClosed`
 * when it is accepted. Only a reservation can fail, and then accepting waits. So the queued and reserved events of clients
 * never exceed the limit.
 *
 * Answers to the core's own acts need no permit, because the core bounds how many are under way (`probing.maxParallel`,
 * `pool.total`, one query a name, one tick). If they counted with the clients, a full warm pool could keep all clients out.
 */
import type { Entry, Event } from "../core/model/Event.ts"

export class Mailbox {
  readonly #limit: number
  #entries: Array<Entry> = []
  /** Whether the entry at the same index used a promised permit. */
  #promised: Array<boolean> = []
  #head = 0
  #queued = 0
  #reserved = 0
  #nextSeq: number

  constructor(limit: number, firstSeq: number) {
    this.#limit = limit
    this.#nextSeq = firstSeq
  }

  get isEmpty(): boolean {
    return this.#head === this.#entries.length
  }

  /** Permits that are promised or used. */
  get used(): number {
    return this.#queued + this.#reserved
  }

  /** Promises permits; false: there are not as many. */
  reserve(permits: number): boolean {
    if (this.used + permits > this.#limit) return false
    this.#reserved += permits
    return true
  }

  /** Returns promised permits. */
  release(permits: number): void {
    this.#reserved -= permits
  }

  /** Uses a promised permit. */
  post(at: number, event: Event): void {
    this.#reserved--
    this.#queued++
    this.#push(at, event, true)
  }

  /** Takes an answer to an act, or a tick. */
  postOwn(at: number, event: Event): void {
    this.#push(at, event, false)
  }

  take(): Entry | undefined {
    if (this.isEmpty) return undefined
    if (this.#promised[this.#head] === true) this.#queued--
    const entry = this.#entries[this.#head++]
    // Shifting an array costs its length, so an emptied array is replaced instead.
    if (this.isEmpty) {
      this.#entries = []
      this.#promised = []
      this.#head = 0
    }
    return entry
  }

  #push(at: number, event: Event, promised: boolean): void {
    this.#entries.push({ seq: this.#nextSeq++, at, event })
    this.#promised.push(promised)
  }
}
