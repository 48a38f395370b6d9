/**
 * Runs a dial plan blindly: attempts in order, each at its offset or as soon as all before it have failed, until one
 * connects, all have failed, or the deadline has passed. One timer at a time, for whatever comes next.
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
  readonly cancel: Cancel
}

/** Calls `done` once, never from within the call itself; the cancel abandons every attempt and `done` is not called. */
export function runPlanUnsafe(
  transport: Transport["Service"],
  plan: DialPlan,
  keepAliveMs: number,
  done: (dialled: Dialled) => void
): Cancel {
  const tried: Array<Attempt> = []
  const beganUs = transport.nowUs()
  let pending: Array<Pending> = []
  let next = 0
  let stopTimer: Cancel | undefined

  const settle = (one: Pending, outcome: Attempt["outcome"]) => {
    pending = pending.filter((other) => other !== one)
    tried.push({ candidate: one.attempt.candidate, outcome, tookUs: transport.nowUs() - one.startedUs })
  }

  const abandon = (outcome: Attempt["outcome"]) => {
    stopTimer?.()
    for (const one of pending) {
      one.cancel()
      settle(one, outcome)
    }
  }

  const answered = (one: Pending, result: UpstreamSocket | DialFailure) => {
    if (typeof result === "string") {
      settle(one, result)
      return proceed()
    }
    settle(one, "connected")
    abandon("cancelled")
    done({ socket: result, candidate: one.attempt.candidate, tried })
  }

  const start = (attempt: DialAttempt) => {
    const one: Pending = {
      attempt,
      startedUs: transport.nowUs(),
      cancel: transport.dialUnsafe(attempt, keepAliveMs, (result) => answered(one, result))
    }
    pending.push(one)
  }

  /** Starts what is due, gives up what is late, and sets the timer for what comes next. */
  const proceed = () => {
    stopTimer?.()
    const sinceMs = (transport.nowUs() - beganUs) / 1000
    for (const one of pending) {
      if (transport.nowUs() - one.startedUs >= one.attempt.timeoutMs * 1000) {
        one.cancel()
        settle(one, "timeout")
      }
    }
    if (sinceMs >= plan.deadlineMs) {
      abandon("timeout")
      return done({ socket: undefined, candidate: -1, tried })
    }
    while (next < plan.attempts.length) {
      const attempt = plan.attempts[next] as DialAttempt
      if (pending.length > 0 && attempt.startAfterMs > sinceMs) break
      next++
      start(attempt)
    }
    if (pending.length === 0) return done({ socket: undefined, candidate: -1, tried })
    stopTimer = transport.timerUnsafe(waitMs(sinceMs), proceed)
  }

  const waitMs = (sinceMs: number): number => {
    let untilMs = plan.deadlineMs
    const following = plan.attempts[next]
    if (following !== undefined) untilMs = Math.min(untilMs, following.startAfterMs)
    for (const { attempt, startedUs } of pending) {
      untilMs = Math.min(untilMs, (startedUs - beganUs) / 1000 + attempt.timeoutMs)
    }
    return Math.max(0, untilMs - sinceMs)
  }

  if (plan.attempts.length === 0) {
    stopTimer = transport.timerUnsafe(0, () => done({ socket: undefined, candidate: -1, tried }))
    return stopTimer
  }
  proceed()
  return () => abandon("cancelled")
}
