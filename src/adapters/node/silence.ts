/**
 * Watches one session for its first upstream byte: tells when it has been silent for `silentAfterMs`, when for `stallMs`, and when a
 * silent one spoke at last. One timer, only while it waits.
 *
 * A session waits from its client's last byte on, not from its first: an upload may take its time, and so may a slow client. It waits
 * anew with every byte of the client, and with every sign that the upstream takes some (`moved`); had it been told silent, that
 * is taken back. What the system has taken may still lie in its buffers, of which nothing tells: each byte is given time to leave,
 * unless the system takes no more: then only what it has not taken is. A limit that is over is looked at once more after what has
 * arrived meanwhile: a busy process is late for its timers and for bytes alike.
 */
import type { Cancel, Silence } from "../../plane/ports/Transport.ts"
import { nowUs } from "./clock.ts"
import { timerWheel } from "./timerWheel.ts"

/** 2 Mbit/s: what leaves more slowly may look silent for a while. */
const LEAVES_US_PER_BYTE = 4
/** A system's buffer for sending holds 4 MiB at most, unless it is told otherwise. */
const MOST_LEAVING_US = 4_194_304 * LEAVES_US_PER_BYTE

export class SilenceWatch {
  readonly #told: Silence
  #askedAtUs = -1
  #bytes = 0
  /** From then on it waits: whatever the client sent may have left. */
  #waitsFromUs = -1
  #firstByteAtUs = -1
  #level: "none" | "silent" | "stalled" = "none"
  #stopTimer: Cancel | undefined

  constructor(told: Silence) {
    this.#told = told
  }

  get firstByteAtUs(): number {
    return this.#firstByteAtUs
  }

  /** From the last client byte before it to the first upstream byte; -1 where one is missing or the upstream spoke first. */
  get answerUs(): number {
    return this.#askedAtUs < 0 || this.#firstByteAtUs < 0 ? -1 : this.#firstByteAtUs - this.#askedAtUs
  }

  get level(): "none" | "silent" | "stalled" {
    return this.#level
  }

  /** The client sent something, of which the system has not taken `queuedBytes` yet. */
  asked(bytes: number, queuedBytes = 0): void {
    if (this.#firstByteAtUs >= 0) return
    const now = nowUs()
    const isFirst = this.#askedAtUs < 0
    this.#askedAtUs = now
    this.#bytes += bytes
    const leavesUs = queuedBytes > 0
      ? queuedBytes * LEAVES_US_PER_BYTE
      : Math.max(0, this.#waitsFromUs - now) + bytes * LEAVES_US_PER_BYTE
    this.#waitsFromUs = now + Math.min(leavesUs, MOST_LEAVING_US)
    if (isFirst) this.#stopTimer = lately(this.#told.silentAfterMs, () => this.#silent())
    else this.#waitsAnew()
  }

  /** The system has taken all that was queued, so the upstream takes what was sent: it is alive. */
  moved(): void {
    if (this.#askedAtUs < 0 || this.#firstByteAtUs >= 0) return
    this.#waitsFromUs = nowUs() + Math.min(this.#bytes * LEAVES_US_PER_BYTE, MOST_LEAVING_US)
    this.#waitsAnew()
  }

  /** The upstream sent something. */
  answered(): void {
    if (this.#firstByteAtUs >= 0) return
    this.#firstByteAtUs = nowUs()
    this.#stopTimer?.()
    if (this.#level === "none") return
    this.#level = "none"
    this.#told.spoke("upstream")
  }

  /** The session is over: nothing more is told. */
  stop(): void {
    this.#stopTimer?.()
  }

  #waitsAnew(): void {
    if (this.#level === "none") return
    this.#level = "none"
    this.#told.spoke("client")
    this.#stopTimer?.()
    this.#stopTimer = lately(this.#told.silentAfterMs, () => this.#silent())
  }

  /** How long it still has to wait until it has waited for `limitMs`. */
  #leftMs(limitMs: number): number {
    return limitMs - (nowUs() - this.#waitsFromUs) / 1000
  }

  #silent(): void {
    const leftMs = this.#leftMs(this.#told.silentAfterMs)
    if (leftMs > 0) {
      this.#stopTimer = lately(leftMs, () => this.#silent())
      return
    }
    // Not told for want of room in the mailbox: then neither its end nor its recovery may speak of it.
    if (this.#told.silent(nowUs() - this.#waitsFromUs)) this.#level = "silent"
    this.#stopTimer = lately(Math.max(0, this.#leftMs(this.#told.stallMs)), () => this.#stalled())
  }

  #stalled(): void {
    const leftMs = this.#leftMs(this.#told.stallMs)
    if (leftMs > 0) this.#stopTimer = lately(leftMs, () => this.#stalled())
    else if (this.#level === "silent" && this.#told.stalled()) this.#level = "stalled"
  }
}

/** After a while, and after whatever has arrived on sockets by then. */
function lately(delayMs: number, fire: () => void): Cancel {
  let soon: ReturnType<typeof setImmediate> | undefined
  const stop = timerWheel(delayMs, () => {
    soon = setImmediate(fire)
  })
  return () => {
    stop()
    clearImmediate(soon)
  }
}
