/**
 * Runs a dial plan blindly: attempts in order, each at its offset or as soon as all before it have failed, until one
 * connects, all have failed, or the deadline has passed. Tells who is pending for longer than its plan expects. One timer at a time, for whatever comes next.
 *
 * An attempt that the deadline cuts short is `cancelled`, not `timeout`: nobody may be blamed for time it never had.
 */
import type { Attempt, DialFailure } from "../core/model/Event.ts"
import type { DialAttempt, DialPlan } from "../core/model/Routes.ts"
import type { Cancel, Transport, UpstreamSocket } from "./Transport.ts"

export interface Dialled {
  /** The winner and its socket; undefined when nobody could be reached. */
  readonly socket: UpstreamSocket | undefined
  readonly candidate: number
  readonly tried: ReadonlyArray<Attempt>
}

interface Pending {
  readonly attempt: DialAttempt
  readonly startedUs: number
  readonly lateUs: number
  /** When it will have been pending for too long; infinite once that was told. */
  suspectUs: number
  readonly cancel: Cancel
}

/** Calls `done` once, never from within the call itself; the cancel abandons every attempt and `done` is not called. */
export function runPlanUnsafe(
  transport: Transport["Service"],
  plan: DialPlan,
  keepAliveMs: number,
  pendingTooLong: (candidate: number, pendingUs: number) => void,
  done: (dialled: Dialled) => void
): Cancel {
  const tried: Array<Attempt> = []
  const beganUs = transport.nowUs()
  const deadlineUs = beganUs + toUs(plan.deadlineMs)
  let pending: Array<Pending> = []
  let next = 0
  let stopTimer: Cancel | undefined

  const settle = (one: Pending, outcome: Attempt["outcome"]) => {
    pending = pending.filter((other) => other !== one)
    tried.push({ candidate: one.attempt.candidate, outcome, tookUs: transport.nowUs() - one.startedUs })
  }

  const abandon = () => {
    stopTimer?.()
    for (const one of pending) {
      one.cancel()
      settle(one, "cancelled")
    }
  }

  const giveUp = () => {
    abandon()
    done({ socket: undefined, candidate: -1, tried })
  }

  const answered = (one: Pending, result: UpstreamSocket | DialFailure) => {
    if (typeof result === "string") {
      settle(one, result)
      return proceed()
    }
    settle(one, "connected")
    abandon()
    done({ socket: result, candidate: one.attempt.candidate, tried })
  }

  const start = (attempt: DialAttempt, nowUs: number) => {
    const one: Pending = {
      attempt,
      startedUs: nowUs,
      suspectUs: nowUs + toUs(attempt.suspectAfterMs),
      lateUs: nowUs + Math.min(toUs(attempt.timeoutMs), deadlineUs - beganUs),
      cancel: transport.dialUnsafe(attempt, keepAliveMs, (result) => answered(one, result))
    }
    pending.push(one)
  }

  /** Starts what is due, gives up what is late, and sets the timer for what comes next. */
  const proceed = () => {
    stopTimer?.()
    const nowUs = transport.nowUs()
    let wakeUs = deadlineUs
    for (const one of pending) {
      if (nowUs < one.lateUs) continue
      one.cancel()
      settle(one, "timeout")
    }
    if (nowUs >= deadlineUs) return giveUp()
    while (next < plan.attempts.length) {
      const attempt = plan.attempts[next] as DialAttempt
      const startUs = beganUs + toUs(attempt.startAfterMs)
      if (pending.length > 0 && startUs > nowUs) {
        if (startUs < wakeUs) wakeUs = startUs
        break
      }
      next++
      start(attempt, nowUs)
    }
    if (pending.length === 0) return giveUp()
    for (const one of pending) {
      if (nowUs >= one.suspectUs) {
        one.suspectUs = Number.POSITIVE_INFINITY
        pendingTooLong(one.attempt.candidate, nowUs - one.startedUs)
      }
      wakeUs = Math.min(wakeUs, one.lateUs, one.suspectUs)
    }
    stopTimer = transport.timerUnsafe((wakeUs - nowUs) / 1000, proceed)
  }

  if (plan.attempts.length === 0 || plan.deadlineMs <= 0) stopTimer = transport.timerUnsafe(0, giveUp)
  else proceed()
  return abandon
}

/** Whole microseconds, so that no comparison with the clock is lost to a rounded fraction. */
function toUs(ms: number): number {
  return Math.round(ms * 1000)
}
