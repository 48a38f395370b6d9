/**
 * Watches one session for its first upstream byte. It reports when the session has been silent for `silentAfterMs`, when for
 * `stallMs`, and when a silent one got its byte. It uses one timer, and only while the session waits.
 *
 * - A session waits from its client's last byte on, not from the first: an upload may take its time, and so may a slow client.
 * - It waits anew with each byte of the client, and with each sign that the upstream takes bytes (`moved`). A silence that was
 *   reported is then over.
 * - Bytes that the system has taken may still be in its buffers, and no call shows that. So each byte gets time to leave. Once
 *   the system takes no more bytes, only those that it has not taken count.
 * - When a limit is over, the watch first lets pending reads come in: a busy process is late for timers and for bytes alike.
 */
import type { Cancel, Silence } from "../../plane/ports/Transport.ts"
import { nowUs } from "./clock.ts"
import { timerWheel } from "./timerWheel.ts"

/** 2 Mbit/s. A slower line may look silent for a while. */
const LEAVES_US_PER_BYTE = 4
/** By default a system's send buffer has at most 4 MiB. */
const MOST_LEAVING_US = 4_194_304 * LEAVES_US_PER_BYTE

export class SilenceWatch {
  readonly #reports: Silence
  #sentAtUs = -1
  #bytes = 0
  /** The wait begins at this moment, when all that the client sent may have left. */
  #waitsFromUs = -1
  #firstByteAtUs = -1
  #level: "none" | "silent" | "stalled" = "none"
  #stopTimer: Cancel | undefined

  constructor(reports: Silence) {
    this.#reports = reports
  }

  get firstByteAtUs(): number {
    return this.#firstByteAtUs
  }

  /**
   * From the client's last byte before the first upstream byte to that byte; -1: one of them is missing, or the upstream spoke
   * first.
   */
  get answerUs(): number {
    return this.#sentAtUs < 0 || this.#firstByteAtUs < 0 ? -1 : this.#firstByteAtUs - this.#sentAtUs
  }

  get level(): "none" | "silent" | "stalled" {
    return this.#level
  }

  /** The client sent bytes. The system has not taken `queuedBytes` of them yet. */
  sent(bytes: number, queuedBytes = 0): void {
    if (this.#firstByteAtUs >= 0) return
    const now = nowUs()
    const isFirst = this.#sentAtUs < 0
    this.#sentAtUs = now
    this.#bytes += bytes
    const leavesUs = queuedBytes > 0
      ? queuedBytes * LEAVES_US_PER_BYTE
      : Math.max(0, this.#waitsFromUs - now) + bytes * LEAVES_US_PER_BYTE
    this.#waitsFromUs = now + Math.min(leavesUs, MOST_LEAVING_US)
    if (isFirst) this.#stopTimer = lately(this.#reports.silentAfterMs, () => this.#silent())
    else this.#waitsAnew()
  }

  /** The system has taken all queued bytes. So the upstream takes bytes: it is alive. */
  moved(): void {
    if (this.#sentAtUs < 0 || this.#firstByteAtUs >= 0) return
    this.#waitsFromUs = nowUs() + Math.min(this.#bytes * LEAVES_US_PER_BYTE, MOST_LEAVING_US)
    this.#waitsAnew()
  }

  /** The upstream sent bytes. */
  answered(): void {
    if (this.#firstByteAtUs >= 0) return
    this.#firstByteAtUs = nowUs()
    this.#stopTimer?.()
    if (this.#level === "none") return
    this.#level = "none"
    this.#reports.spoke("upstream")
  }

  /** The session is over: no report follows. */
  stop(): void {
    this.#stopTimer?.()
  }

  #waitsAnew(): void {
    if (this.#level === "none") return
    this.#level = "none"
    this.#reports.spoke("client")
    this.#stopTimer?.()
    this.#stopTimer = lately(this.#reports.silentAfterMs, () => this.#silent())
  }

  /** Time that is left until the wait has lasted for `limitMs`. */
  #leftMs(limitMs: number): number {
    return limitMs - (nowUs() - this.#waitsFromUs) / 1000
  }

  #silent(): void {
    const leftMs = this.#leftMs(this.#reports.silentAfterMs)
    if (leftMs > 0) {
      this.#stopTimer = lately(leftMs, () => this.#silent())
      return
    }
    // Where the mailbox had no room for the report, neither the session's end nor its recovery may mention it.
    if (this.#reports.silent(nowUs() - this.#waitsFromUs)) this.#level = "silent"
    this.#stopTimer = lately(Math.max(0, this.#leftMs(this.#reports.stallMs)), () => this.#stalled())
  }

  #stalled(): void {
    const leftMs = this.#leftMs(this.#reports.stallMs)
    if (leftMs > 0) this.#stopTimer = lately(leftMs, () => this.#stalled())
    else if (this.#level === "silent" && this.#reports.stalled()) this.#level = "stalled"
  }
}

/** After a delay, and after all that has arrived on sockets by then. */
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
