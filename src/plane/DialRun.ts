/**
 * Runs a dial plan without decisions of its own. Attempts start in order, each at its offset or as soon as all before it
 * have failed. The run ends when one connects, all have failed, or the deadline has passed. It reports a candidate that is
 * pending for longer than its plan expects. There is one timer at a time, for the next thing to do.
 *
 * - An attempt that names a host instead of an address is resolved first. Its addresses are then dialled instead of it, and
 *   addresses that come later join (NamedAddresses.ts). After a partial answer the query holds nothing up any more.
 * - An attempt with `verify` connects an address only once that has proven its identity (verifiedDial.ts). Its time is that
 *   of its first handshake alone.
 * - Time in which the process was busy does not count as a wait of an attempt (busy.ts).
 * - An attempt that the deadline cuts short is `cancelled`, not `timeout`: a candidate is not blamed for time that it did
 *   not have.
 */
import type { CandidateId, Endpoint } from "../core/model/Candidate.ts"
import type { Attempt, DialFailure } from "../core/model/Event.ts"
import type { DialAttempt, DialPlan } from "../core/model/Routes.ts"
import { missedUs } from "./ports/busy.ts"
import { NamedAddresses } from "./NamedAddresses.ts"
import type { QueryDns } from "./DnsQueries.ts"
import type { Cancel, Dialler, UpstreamSocket } from "./ports/Transport.ts"
import type { Verified } from "./verifiedDial.ts"
import { dialVerifiedUnsafe } from "./verifiedDial.ts"

/** The winner and its socket; undefined: no address could be reached. */
export type Winner =
  | { readonly socket: UpstreamSocket; readonly candidate: Endpoint }
  | { readonly socket: undefined; readonly candidate: "none" }

export type Dialled = Winner & { readonly tried: ReadonlyArray<Attempt> }

interface Pending {
  readonly attempt: DialAttempt
  /** The addresses that a query led to. */
  readonly named: NamedAddresses | undefined
  readonly startedUs: number
  lateUs: number
  /** It got more time once, because the process had been busy. */
  wasBusy: boolean
  /** When it will have been pending for too long; infinite once that was reported. */
  suspectUs: number
  readonly cancel: Cancel
}

/** Calls `done` once, never within the call itself. The cancel abandons every attempt, and `done` is not called. */
export function runPlanUnsafe(
  transport: Dialler,
  query: QueryDns,
  plan: DialPlan,
  keepAliveMs: number,
  pendingTooLong: (candidate: CandidateId, pendingUs: number) => void,
  done: (dialled: Dialled) => void
): Cancel {
  const tried: Array<Attempt> = []
  const beganUs = transport.nowUs()
  const deadlineUs = beganUs + toUs(plan.deadlineMs)
  let { attempts } = plan
  let pending: Array<Pending> = []
  /** Queries with a partial answer. */
  let open: Array<Pending> = []
  let next = 0
  let lastStartUs = beganUs
  let stopTimer: Cancel | undefined

  const settle = (one: Pending, outcome: Attempt["outcome"], proven?: Verified) => {
    pending = pending.filter((other) => other !== one)
    const { candidate, host } = one.attempt
    const tookUs = proven?.tookUs ?? transport.nowUs() - one.startedUs
    const verified = proven === undefined ? {} : { verified: true } as const
    tried.push({ candidate, ...(candidate === "system" ? { host } : {}), outcome, tookUs, ...verified })
  }

  /** A query is an attempt of its own if it led to no address. */
  const closed = (one: Pending, outcome: Attempt["outcome"]) => {
    open = open.filter((other) => other !== one)
    if (one.named?.isEmpty === true) settle(one, outcome)
  }

  const abandon = () => {
    stopTimer?.()
    for (const one of open) {
      one.cancel()
      closed(one, "cancelled")
    }
    for (const one of pending) {
      one.cancel()
      settle(one, "cancelled")
    }
  }

  const giveUp = () => {
    abandon()
    done({ socket: undefined, candidate: "none", tried })
  }

  const answered = (one: Pending, result: UpstreamSocket | DialFailure, proven?: Verified) => {
    if (typeof result === "string") {
      settle(one, result)
      return proceed()
    }
    settle(one, "connected", proven)
    abandon()
    done({ socket: result, candidate: one.attempt.candidate, tried })
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

  /** Puts the addresses of a name in the place of the name, and later addresses beside those that still wait. */
  const resolved = (one: Pending, answer: ReadonlyArray<string>, isOver: boolean) => {
    const { named, attempt } = one
    if (named === undefined) return
    const afterUs = named.isEmpty ? 0 : lastStartUs + toUs(attempt.resolve?.raceDelayMs ?? 0)
    const fromUs = Math.max(transport.nowUs(), afterUs) - beganUs
    const { denied, later } = named.join(answer, attempts, next, fromUs / 1000)
    tried.push(...denied.map((host): Attempt => ({ candidate: "system", host, outcome: "denied", tookUs: 0 })))
    attempts = [...attempts.slice(0, next), ...later]
    pending = pending.filter((other) => other !== one)
    if (isOver) closed(one, "unresolved")
    else if (!open.includes(one)) open.push(one)
    proceed()
  }

  const start = (attempt: DialAttempt, nowUs: number) => {
    const { resolve } = attempt
    lastStartUs = nowUs
    const one: Pending = {
      attempt,
      named: resolve === undefined ? undefined : new NamedAddresses(attempt),
      startedUs: nowUs,
      suspectUs: attempt.candidate === "system" ? Number.POSITIVE_INFINITY : nowUs + toUs(attempt.suspectAfterMs),
      wasBusy: false,
      lateUs: nowUs + Math.min(toUs(resolve?.timeoutMs ?? attempt.timeoutMs), deadlineUs - beganUs),
      cancel: resolve === undefined
        ? dial(() => one, attempt)
        : query(attempt.host, resolve, (addresses, isOver) => resolved(one, addresses, isOver))
    }
    pending.push(one)
  }

  /** Starts what is due, ends what is late, and sets the timer for what comes next. */
  const proceed = () => {
    stopTimer?.()
    const nowUs = transport.nowUs()
    let wakeUs = deadlineUs
    for (const one of pending) {
      if (nowUs < one.lateUs) continue
      const missed = one.wasBusy ? 0 : missedUs(nowUs, one.lateUs, one.lateUs - one.startedUs)
      one.wasBusy = true
      one.lateUs = nowUs + missed
      if (missed > 0) continue
      one.cancel()
      settle(one, "timeout")
    }
    for (const one of open) {
      if (nowUs < one.lateUs) continue
      one.cancel()
      closed(one, "timeout")
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
    if (pending.length + open.length === 0) return giveUp()
    for (const one of pending) {
      const { candidate } = one.attempt
      if (candidate !== "system" && nowUs >= one.suspectUs) {
        one.suspectUs = Number.POSITIVE_INFINITY
        pendingTooLong(candidate, nowUs - one.startedUs)
      }
      wakeUs = Math.min(wakeUs, one.lateUs, one.suspectUs)
    }
    for (const { lateUs } of open) wakeUs = Math.min(wakeUs, lateUs)
    stopTimer = transport.timerUnsafe((wakeUs - nowUs) / 1000, proceed)
  }

  if (plan.attempts.length === 0 || plan.deadlineMs <= 0) stopTimer = transport.timerUnsafe(0, giveUp)
  else proceed()
  return abandon
}

/** Whole microseconds, so that no comparison with the clock fails because of a rounded fraction. */
function toUs(ms: number): number {
  return Math.round(ms * 1000)
}
