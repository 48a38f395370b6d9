/** What one address did in the course of a record: its handshakes, and how sessions through it went, each by their moments. */
import type { DialFailure } from "../../core/model/Event.ts"
import type { Reply } from "../session.ts"

export interface Handshaken {
  /** When the handshake ended. */
  readonly atUs: number
  readonly tookMs: number
  /** null: it succeeded. */
  readonly failure: DialFailure | null
}

export interface Session {
  /** When the client was connected. */
  readonly atUs: number
  readonly reply: Reply
  /** How long the client stayed. */
  readonly holdMs: number
}

/** No latency: the address failed, or the record does not know it. */
export const DOWN = -1
export const UNKNOWN = -2

export class Samples {
  readonly handshakes: Array<Handshaken> = []
  readonly sessions: Array<Session> = []
  #levels: ReadonlyArray<number> = []
  #someFailed = false

  /** No more samples come: they are brought into order. */
  close(): void {
    // An answer of a session comes long after its beginning.
    this.sessions.sort((a, b) => a.atUs - b.atUs)
    this.handshakes.sort((a, b) => a.atUs - b.atUs)
    this.#levels = levelsOf(this.handshakes)
    this.#someFailed = this.sessions.some(isFailed)
  }

  /**
   * The latency around a moment, in ms: the median of three samples in a row, the middle one being the nearest. So a single slow
   * handshake is no change of the latency. `DOWN`: the address failed then. `UNKNOWN`: no sample is within `withinUs`.
   *
   * It failed when the last handshake by then had failed, or one failed that was under way, or its sessions did.
   */
  levelAt(atUs: number, withinUs: number): number {
    const i = lastBy(this.handshakes, atUs)
    const before = this.handshakes[i]
    const after = this.handshakes[i + 1]
    if (before !== undefined && before.failure !== null && atUs - before.atUs <= withinUs) return DOWN
    if (after !== undefined && after.failure !== null && after.atUs - after.tookMs * 1000 <= atUs) return DOWN
    if (this.#someFailed && this.#sessionsFail(atUs, withinUs)) return DOWN
    // A failure that had not begun says nothing yet.
    const isAfter = after?.failure === null && (before === undefined || after.atUs - atUs < atUs - before.atUs)
    const near = isAfter ? after : before
    if (near === undefined || near.failure !== null || distance(near.atUs, atUs) > withinUs) return UNKNOWN
    return this.#levels[isAfter ? i + 1 : i] as number
  }

  /** Two sessions in a row failed, of which one is the last by then. One alone may be the fault of its client. */
  #sessionsFail(atUs: number, withinUs: number): boolean {
    const i = lastBy(this.sessions, atUs)
    const [one, before, after] = [this.sessions[i], this.sessions[i - 1], this.sessions[i + 1]]
    return one !== undefined && atUs - one.atUs <= withinUs && isFailed(one) && (isFailed(before) || isFailed(after))
  }

  /** The handshake nearest to a moment. */
  handshakeAt(atUs: number): Handshaken | undefined {
    return this.handshakes[nearest(this.handshakes, atUs)]
  }

  /** The session nearest to a moment. */
  sessionAt(atUs: number): Session | undefined {
    return this.sessions[nearest(this.sessions, atUs)]
  }
}

function isFailed(session: Session | undefined): boolean {
  return session !== undefined && typeof session.reply === "string" && session.reply !== "one-way"
}

/** For each handshake the median of the successes around it; `DOWN`: it failed. */
function levelsOf(handshakes: ReadonlyArray<Handshaken>): ReadonlyArray<number> {
  const ok = handshakes.filter(({ failure }) => failure === null)
  let at = -1
  return handshakes.map(({ failure, tookMs }) => {
    if (failure !== null) return DOWN
    at++
    const around = [ok[at - 1]?.tookMs, tookMs, ok[at + 1]?.tookMs].filter((one) => one !== undefined)
    around.sort((a, b) => a - b)
    // Of two the lower one: at the ends of a record there is no third.
    return around[around.length === 3 ? 1 : 0] as number
  })
}

function distance(a: number, b: number): number {
  return a < b ? b - a : a - b
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

function nearest(all: ReadonlyArray<{ readonly atUs: number }>, atUs: number): number {
  const i = lastBy(all, atUs)
  const [before, after] = [all[i], all[i + 1]]
  if (before === undefined) return i + 1
  return after !== undefined && after.atUs - atUs < atUs - before.atUs ? i + 1 : i
}
