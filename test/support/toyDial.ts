/**
 * A dial plan, run in virtual time against a world that does not change meanwhile. A name's addresses take its place
 * from the start: the resolver takes no time.
 */
import { admits } from "../../src/core/access.ts"
import { isAvoided } from "../../src/core/identity.ts"
import type { Attempt, AttemptOutcome } from "../../src/core/model/Event.ts"
import { STRANGER } from "../../src/core/model/Event.ts"
import type { DialAttempt, DialPlan } from "../../src/core/model/Routes.ts"
import type { Answer } from "./ToyInterpreter.ts"

export interface ToyDialled {
  /** -1: no address could be reached; -2: an address that is no candidate. */
  readonly candidate: number
  readonly tried: ReadonlyArray<Attempt>
  readonly tookMs: number
  /** Attempts that were pending for longer than their plan allows, and when that was reported. */
  readonly pending: ReadonlyArray<{ readonly candidate: number; readonly afterMs: number; readonly pendingMs: number }>
}

type Names = (name: string) => ReadonlyArray<string>

export interface ToyNetwork {
  readonly answerOf: (host: string) => Answer
  /** Whether the address answers, but cannot prove its identity. */
  readonly isImpostor: (host: string) => boolean
  readonly failAfterMs: number
  readonly names: Names
}

export function runPlan({ attempts: planned, deadlineMs }: DialPlan, network: ToyNetwork): ToyDialled {
  const { names } = network
  const denied = planned.flatMap(({ host, resolve }): ReadonlyArray<Attempt> =>
    resolve === undefined ? [] : names(host).filter((one) => !admits(resolve.access, one)).slice(0, resolve.most)
      .map((one) => ({ candidate: -1, host: one, outcome: "denied", tookUs: 0 }))
  )
  const plan = { deadlineMs, attempts: planned.flatMap((attempt) => addressesOf(attempt, planned, names)) }
  const ends: Array<
    { readonly attempt: DialAttempt; readonly fromMs: number; readonly toMs: number; readonly outcome: AttemptOutcome }
  > = []
  let allFailedMs = 0
  let fromMs = 0
  for (const attempt of plan.attempts) {
    const winnerMs = Math.min(...ends.filter(({ outcome }) => outcome === "connected").map(({ toMs }) => toMs))
    fromMs = Math.max(fromMs, Math.min(attempt.startAfterMs, allFailedMs))
    if (fromMs >= Math.min(winnerMs, plan.deadlineMs)) break
    ends.push({ attempt, fromMs, ...fateOf(attempt, fromMs, network) })
    allFailedMs = Math.max(allFailedMs, ends[ends.length - 1]!.toMs)
  }
  ends.sort((a, b) => a.toMs - b.toMs)
  const winner = ends.find(({ outcome, toMs }) => outcome === "connected" && toMs < plan.deadlineMs)
  const tookMs = winner?.toMs ?? Math.min(plan.deadlineMs, allFailedMs)
  const tried = ends.map((end) => ({
    candidate: end.attempt.candidate,
    ...(end.attempt.candidate < 0 ? { host: end.attempt.host } : {}),
    outcome: end.toMs <= tookMs && (end.outcome !== "connected" || end === winner)
      ? end.outcome
      : winner === undefined
      ? "timeout" as const
      : "cancelled" as const,
    tookUs: Math.round((Math.min(end.toMs, tookMs) - end.fromMs) * (end === winner && end.attempt.verify ? 500 : 1000)),
    ...(end === winner && end.attempt.verify !== undefined ? { verified: true as const } : {})
  }))
  const pending = ends.flatMap(({ attempt: { candidate, suspectAfterMs }, fromMs, toMs }) =>
    candidate >= 0 && Math.min(toMs, tookMs) - fromMs > suspectAfterMs
      ? [{ candidate, afterMs: fromMs + suspectAfterMs, pendingMs: suspectAfterMs }]
      : []
  )
  const candidate = winner === undefined ? -1 : winner.attempt.candidate < 0 ? STRANGER : winner.attempt.candidate
  return { candidate, tried: [...denied, ...tried], tookMs, pending }
}

/** The addresses of a name that are not in the plan itself. */
function addressesOf(attempt: DialAttempt, planned: ReadonlyArray<DialAttempt>, names: Names): ReadonlyArray<DialAttempt> {
  const { resolve, startAfterMs } = attempt
  if (resolve === undefined) return [attempt]
  const known = planned.map(({ host }) => host)
  const hosts = names(attempt.host).filter((host) => admits(resolve.access, host))
    .filter((host) => !known.includes(host) && !isAvoided(resolve, host)).slice(0, resolve.most)
  return hosts.map((host, i) => ({ ...attempt, host, startAfterMs: startAfterMs + i * resolve.raceDelayMs }))
}

function fateOf(attempt: DialAttempt, fromMs: number, { answerOf, isImpostor, failAfterMs }: ToyNetwork) {
  const answer = answerOf(attempt.host)
  if (answer === "lost" || answer === "timeout" || (typeof answer === "number" && answer >= attempt.timeoutMs)) {
    return { toMs: fromMs + attempt.timeoutMs, outcome: "timeout" as const }
  }
  // A proof takes as long again as the handshake.
  if (typeof answer === "number" && attempt.verify !== undefined) {
    const outcome = isImpostor(attempt.host) ? "certificate" as const : "connected" as const
    return { toMs: fromMs + 2 * answer, outcome }
  }
  return typeof answer === "number"
    ? { toMs: fromMs + answer, outcome: "connected" as const }
    : { toMs: fromMs + failAfterMs, outcome: answer }
}
