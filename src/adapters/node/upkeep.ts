/**
 * Upkeep of a session that lasts: keep-alive, and its end when no byte moves any more. It checks now and then, instead of
 * setting a timer with each chunk. Most sessions are over before the first check.
 */
import type { Session } from "../../core/model/Config.ts"
import type { Cancel } from "../../plane/ports/Transport.ts"
import { nowUs } from "./clock.ts"
import { timerWheel } from "./timerWheel.ts"

/** Shorter sessions need no keep-alive, which saves two system calls. */
export const KEEP_ALIVE_FROM_MS = 1_000
/** Checks within one limit. A session without traffic ends at most an eighth late. */
const LOOKS = 8

export interface UpkeepPorts {
  readonly limits: Session
  /** Bytes moved so far, in both directions. */
  readonly moved: () => number
  readonly isHalfClosed: () => boolean
  /** The session has lasted for `KEEP_ALIVE_FROM_MS`. */
  readonly lasts: () => void
  /** No byte moved for as long as the limit allows. */
  readonly over: (cause: "idle" | "half-close-timeout") => void
}

/** Checks a session until it is cancelled or over. */
export function upkeep(ports: UpkeepPorts): Cancel {
  const { limits } = ports
  const everyMs = Math.min(limits.idleMs, limits.halfCloseMs) / LOOKS
  const beganUs = nowUs()
  let quietSinceUs = beganUs
  let seen = 0
  let wasHalfClosed = false
  let lasts = false
  const look = () => {
    const now = nowUs()
    const halfClosed = ports.isHalfClosed()
    const moved = ports.moved()
    if (!lasts && now - beganUs >= KEEP_ALIVE_FROM_MS * 1000) {
      lasts = true
      ports.lasts()
    }
    if (moved !== seen || halfClosed !== wasHalfClosed) {
      seen = moved
      wasHalfClosed = halfClosed
      quietSinceUs = now
    }
    const leftMs = (halfClosed ? limits.halfCloseMs : limits.idleMs) - (now - quietSinceUs) / 1000
    if (leftMs <= 0) return ports.over(halfClosed ? "half-close-timeout" : "idle")
    const nextMs = Math.min(leftMs, everyMs)
    stop = timerWheel(lasts ? nextMs : Math.min(nextMs, KEEP_ALIVE_FROM_MS), look)
  }
  let stop = timerWheel(Math.min(everyMs, KEEP_ALIVE_FROM_MS), look)
  return () => stop()
}
