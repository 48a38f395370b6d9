/**
 * Runs a dial plan blindly: attempts in order, each at its offset or as soon as all before it have failed, until one
 * connects, all have failed, or the deadline has passed. Tells who is pending for longer than its plan expects. One timer at a time, for whatever comes next.
 *
 * An attempt that names a host instead of an address is resolved first; the addresses that are not in the plan's past are then
 * dialled in its place, one after the other, as far as the plan's `access` admits them and it does not avoid them. One that the plan
 * knows is that candidate; any other is a stranger, told by its address.
 *
 * An attempt with `verify` connects only who proves who it is (verifiedDial.ts); what it took is its first handshake alone.
 *
 * An attempt that the deadline cuts short is `cancelled`, not `timeout`: nobody may be blamed for time it never had.
 */
import { admits } from "../core/access.ts"
import { isAvoided } from "../core/identity.ts"
import type { Attempt, DialFailure } from "../core/model/Event.ts"
import { STRANGER } from "../core/model/Event.ts"
import type { DialAttempt, DialPlan } from "../core/model/Routes.ts"
import type { Ask } from "./Names.ts"
import type { Cancel, Transport, UpstreamSocket } from "./Transport.ts"
import type { Verified } from "./verifiedDial.ts"
import { dialVerifiedUnsafe } from "./verifiedDial.ts"

export interface Dialled {
  /** The winner's; undefined when nobody could be reached. */
  readonly socket: UpstreamSocket | undefined
  /** The winner; -1 when there is none, -2 when it is no candidate. */
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
  ask: Ask,
  plan: DialPlan,
  keepAliveMs: number,
  pendingTooLong: (candidate: number, pendingUs: number) => void,
  done: (dialled: Dialled) => void
): Cancel {
  const tried: Array<Attempt> = []
  const beganUs = transport.nowUs()
  const deadlineUs = beganUs + toUs(plan.deadlineMs)
  let { attempts } = plan
  let pending: Array<Pending> = []
  let next = 0
  let stopTimer: Cancel | undefined

  const settle = (one: Pending, outcome: Attempt["outcome"], proven?: Verified) => {
    pending = pending.filter((other) => other !== one)
    const { candidate, host } = one.attempt
    const tookUs = proven?.tookUs ?? transport.nowUs() - one.startedUs
    const verified = proven === undefined ? {} : { verified: true } as const
    tried.push({ candidate, ...(candidate < 0 ? { host } : {}), outcome, tookUs, ...verified })
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

  const answered = (one: Pending, result: UpstreamSocket | DialFailure, proven?: Verified) => {
    if (typeof result === "string") {
      settle(one, result)
      return proceed()
    }
    settle(one, "connected", proven)
    abandon()
    const { candidate } = one.attempt
    done({ socket: result, candidate: candidate < 0 ? STRANGER : candidate, tried })
  }

  const dial = (one: () => Pending, attempt: DialAttempt): Cancel =>
    attempt.verify === undefined
      ? transport.dialUnsafe(attempt, keepAliveMs, (result) => answered(one(), result))
      : dialVerifiedUnsafe(
        transport,
        attempt,
        attempt.verify,
        keepAliveMs,
        (result) => typeof result === "string" ? answered(one(), result) : answered(one(), result.socket, result)
      )

  /** Puts the addresses of a name in its place. */
  const resolved = (one: Pending, answer: ReadonlyArray<string>) => {
    const { resolve } = one.attempt
    const addresses = answer.filter((host) => resolve === undefined || admits(resolve.access, host))
    const denied = answer.filter((host) => !addresses.includes(host)).slice(0, resolve?.most)
    tried.push(...denied.map((host): Attempt => ({ candidate: -1, host, outcome: "denied", tookUs: 0 })))
    const found = placed(one.attempt, addresses, attempts, next, (transport.nowUs() - beganUs) / 1000)
    if (found.length === 0) settle(one, "unresolved")
    else pending = pending.filter((other) => other !== one)
    const taken = new Set(found.map(({ candidate }) => candidate).filter((candidate) => candidate >= 0))
    const later = attempts.slice(next).filter(({ candidate }) => !taken.has(candidate))
    attempts = [...attempts.slice(0, next), ...found, ...later]
    proceed()
  }

  const start = (attempt: DialAttempt, nowUs: number) => {
    const { resolve } = attempt
    const one: Pending = {
      attempt,
      startedUs: nowUs,
      suspectUs: attempt.candidate < 0 ? Number.POSITIVE_INFINITY : nowUs + toUs(attempt.suspectAfterMs),
      lateUs: nowUs + Math.min(toUs(resolve?.timeoutMs ?? attempt.timeoutMs), deadlineUs - beganUs),
      cancel: resolve === undefined
        ? dial(() => one, attempt)
        : ask(attempt.host, resolve, (addresses) => resolved(one, addresses))
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
    while (next < attempts.length) {
      const attempt = attempts[next] as DialAttempt
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

/** The addresses of a name as attempts from now on, without those that had their turn. */
function placed(
  { port, timeoutMs, suspectAfterMs, resolve, verify }: DialAttempt,
  addresses: ReadonlyArray<string>,
  attempts: ReadonlyArray<DialAttempt>,
  next: number,
  nowMs: number
): ReadonlyArray<DialAttempt> {
  const { most = 0, raceDelayMs = 0 } = resolve ?? {}
  const planned = addresses.filter((host) => !isAvoided(resolve, host)).map((host) => ({
    host,
    at: attempts.findIndex((one) => one.host === host && one.port === port)
  }))
  return planned.filter(({ at }) => at < 0 || at >= next).slice(0, most).map(({ host, at }, i) => {
    const proof = verify === undefined ? {} : { verify }
    const stranger: DialAttempt = { candidate: -1, host, port, startAfterMs: 0, timeoutMs, suspectAfterMs, ...proof }
    return { ...(attempts[at] ?? stranger), startAfterMs: nowMs + i * raceDelayMs }
  })
}

/** Whole microseconds, so that no comparison with the clock is lost to a rounded fraction. */
function toUs(ms: number): number {
  return Math.round(ms * 1000)
}
