/** What one address did in the course of a record: its handshakes, and how sessions through it went, each by their moments. */
import type { DialFailure } from "../../core/model/Event.ts"
import type { Reply } from "../session.ts"
import { Column } from "./Column.ts"

export interface Handshaken {
  /** When the handshake ended. */
  readonly atUs: number
  readonly tookMs: number
  /** null: it succeeded. */
  readonly failure: DialFailure | null
}

export interface Session {
  readonly reply: Reply
  /** How long the client stayed. */
  readonly holdMs: number
}

/** No latency: the address failed, or the record does not know it. */
export const DOWN = -1
export const UNKNOWN = -2

/** In a column of replies a number below 0 stands for the text at -1 - number. */
const TEXTS: ReadonlyArray<Exclude<Reply, number>> = ["silent", "reset", "closed", "alert", "one-way"]
/** From one look at an address to the next, few of its handshakes go by. */
const MOST_STEPS = 8

export class Samples {
  /** Handshakes, in the order in which they ended. */
  readonly #endedUs = new Column()
  readonly #tookMs = new Column()
  readonly #failures = new Map<number, DialFailure>()
  /** Sessions. `close` brings them into the order in which their clients were connected. */
  #connectedUs = new Column()
  #replies = new Column()
  #holdMs = new Column()
  #levels = new Column()
  #someFailed = false
  /** Where the last look at the handshakes was. */
  #last = -1

  /** One more handshake. None ended after it. */
  handshake({ atUs, tookMs, failure }: Handshaken): void {
    if (failure !== null) this.#failures.set(this.#endedUs.length, failure)
    this.#endedUs.push(atUs)
    this.#tookMs.push(tookMs)
  }

  /** One more session that has ended. `connectedUs`: when its client was connected. */
  session(connectedUs: number, { reply, holdMs }: Session): void {
    this.#connectedUs.push(connectedUs)
    this.#replies.push(typeof reply === "number" ? reply : -1 - TEXTS.indexOf(reply))
    this.#holdMs.push(holdMs)
    this.#someFailed ||= isFailed(reply)
  }

  /** No more samples come: they are brought into order. */
  close(): void {
    // A session is told at its end, long after its beginning.
    const connectedUs = (index: number) => this.#connectedUs.at(index) as number
    const order = Uint32Array.from({ length: this.#connectedUs.length }, (_, i) => i)
    order.sort((a, b) => connectedUs(a) - connectedUs(b))
    this.#replies = this.#replies.inOrder(order)
    this.#holdMs = this.#holdMs.inOrder(order)
    this.#connectedUs = this.#connectedUs.inOrder(order)
    this.#levels = this.#medians()
  }

  /**
   * The latency around a moment, in ms: the median of three samples in a row, the middle one being the nearest. So a single slow
   * handshake is no change of the latency. `DOWN`: the address failed then. `UNKNOWN`: no sample is within `withinUs`.
   *
   * It failed when the last handshake by then had failed, or one failed that was under way, or its sessions did.
   */
  levelAt(atUs: number, withinUs: number): number {
    const i = this.#lastBy(atUs)
    const beforeUs = i < 0 ? undefined : this.#endedUs.at(i)
    const afterUs = this.#endedUs.at(i + 1)
    const failedBefore = this.#failures.has(i)
    const failsAfter = this.#failures.has(i + 1)
    if (failedBefore && atUs - (beforeUs as number) <= withinUs) return DOWN
    if (failsAfter && (afterUs as number) - (this.#tookMs.at(i + 1) as number) * 1000 <= atUs) return DOWN
    if (this.#someFailed && this.#sessionsFail(atUs, withinUs)) return DOWN
    // A failure that had not begun says nothing yet.
    const isAfter = afterUs !== undefined && !failsAfter && (beforeUs === undefined || afterUs - atUs < atUs - beforeUs)
    const nearUs = isAfter ? afterUs : beforeUs
    if (nearUs === undefined || (!isAfter && failedBefore) || distance(nearUs, atUs) > withinUs) return UNKNOWN
    return this.#levels.at(isAfter ? i + 1 : i) as number
  }

  /** The handshake nearest to a moment. */
  handshakeAt(atUs: number): Handshaken | undefined {
    const i = nearest(this.#endedUs, this.#lastBy(atUs), atUs)
    const endedUs = this.#endedUs.at(i)
    if (endedUs === undefined) return undefined
    return { atUs: endedUs, tookMs: this.#tookMs.at(i) as number, failure: this.#failures.get(i) ?? null }
  }

  /** The session nearest to a moment. */
  sessionAt(atUs: number): Session | undefined {
    const i = nearest(this.#connectedUs, this.#connectedUs.lastUpTo(atUs), atUs)
    const reply = this.#replyOf(i)
    return reply === undefined ? undefined : { reply, holdMs: this.#holdMs.at(i) as number }
  }

  /** Two sessions in a row failed, of which one is the last by then. One alone may be the fault of its client. */
  #sessionsFail(atUs: number, withinUs: number): boolean {
    const i = this.#connectedUs.lastUpTo(atUs)
    if (i < 0 || atUs - (this.#connectedUs.at(i) as number) > withinUs || !isFailed(this.#replyOf(i))) return false
    return isFailed(this.#replyOf(i - 1)) || isFailed(this.#replyOf(i + 1))
  }

  #replyOf(index: number): Reply | undefined {
    const reply = index < 0 ? undefined : this.#replies.at(index)
    return reply === undefined || reply >= 0 ? reply : TEXTS[-1 - reply]
  }

  /** The last handshake by a moment; -1: there is none. */
  #lastBy(atUs: number): number {
    let i = this.#last
    if (i >= 0 && (this.#endedUs.at(i) as number) > atUs) i = -1
    for (let step = 0; i >= 0 && step < MOST_STEPS; step++) {
      const next = this.#endedUs.at(i + 1)
      if (next === undefined || next > atUs) return this.#last = i
      i++
    }
    return this.#last = this.#endedUs.lastUpTo(atUs)
  }

  /** For each handshake the median of the successes around it; `DOWN`: it failed. */
  #medians(): Column {
    const medians = new Column()
    const { length } = this.#endedUs
    let before: number | undefined
    let next = this.#successFrom(0)
    for (let i = 0; i < length; i++) {
      if (i !== next) {
        medians.push(DOWN)
        continue
      }
      const own = this.#tookMs.at(i) as number
      next = this.#successFrom(i + 1)
      medians.push(median(before, own, next < length ? this.#tookMs.at(next) : undefined))
      before = own
    }
    return medians
  }

  /** The first success at an index or behind it. */
  #successFrom(index: number): number {
    let i = index
    while (this.#failures.has(i)) i++
    return i
  }
}

function isFailed(reply: Reply | undefined): boolean {
  return typeof reply === "string" && reply !== "one-way"
}

/** Of two the lower one: at the ends of a record there is no third. */
function median(before: number | undefined, own: number, after: number | undefined): number {
  if (before === undefined || after === undefined) {
    const other = before ?? after ?? own
    return other < own ? other : own
  }
  const [low, high] = before < after ? [before, after] : [after, before]
  return own < low ? low : own > high ? high : own
}

function distance(a: number, b: number): number {
  return a < b ? b - a : a - b
}

/** The index of the one nearest to a moment, where `last` is the last one by then. */
function nearest(moments: Column, last: number, atUs: number): number {
  if (last < 0) return 0
  const after = moments.at(last + 1)
  return after !== undefined && after - atUs < atUs - (moments.at(last) as number) ? last + 1 : last
}

/** The index of the last one by a moment; -1: there is none. */
export function lastBy(all: ReadonlyArray<{ readonly atUs: number }>, atUs: number): number {
  let low = 0
  let high = all.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (all[middle]!.atUs <= atUs) low = middle + 1
    else high = middle
  }
  return low - 1
}
