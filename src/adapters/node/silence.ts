/**
 * Watches one session for its first upstream byte after client bytes: tells when it has been silent for `silentAfterMs`,
 * when for `stallMs`, and when a silent one spoke at last. One timer, only while it waits.
 */
import type { Cancel, Silence } from "../../shell/Transport.ts"
import { nowUs } from "./clock.ts"
import { coarse } from "./coarse.ts"

export class SilenceWatch {
  readonly #told: Silence
  #askedAtUs = -1
  #firstByteAtUs = -1
  #level: "none" | "silent" | "stalled" = "none"
  #stopTimer: Cancel | undefined

  constructor(told: Silence) {
    this.#told = told
  }

  get firstByteAtUs(): number {
    return this.#firstByteAtUs
  }

  /** From the first client byte to the first upstream byte; -1 where one is missing or the upstream spoke first. */
  get answerUs(): number {
    return this.#askedAtUs < 0 || this.#firstByteAtUs < 0 ? -1 : this.#firstByteAtUs - this.#askedAtUs
  }

  get level(): "none" | "silent" | "stalled" {
    return this.#level
  }

  /** The client sent something. */
  asked(): void {
    if (this.#askedAtUs >= 0 || this.#firstByteAtUs >= 0) return
    this.#askedAtUs = nowUs()
    this.#stopTimer = coarse(this.#told.silentAfterMs, () => this.#silent())
  }

  /** The upstream sent something. */
  answered(): void {
    if (this.#firstByteAtUs >= 0) return
    this.#firstByteAtUs = nowUs()
    this.#stopTimer?.()
    if (this.#level === "none") return
    this.#level = "none"
    this.#told.spoke()
  }

  /** The session is over: nothing more is told. */
  stop(): void {
    this.#stopTimer?.()
  }

  #silent(): void {
    // Not told for want of room in the mailbox: then neither its end nor its recovery may speak of it.
    if (this.#told.silent(nowUs() - this.#askedAtUs)) this.#level = "silent"
    const leftMs = this.#told.stallMs - (nowUs() - this.#askedAtUs) / 1000
    this.#stopTimer = coarse(leftMs > 0 ? leftMs : 0, () => this.#stalled())
  }

  #stalled(): void {
    if (this.#level === "silent" && this.#told.stalled()) this.#level = "stalled"
  }
}
