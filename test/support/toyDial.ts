/** A dial plan run blindly in virtual time against a world that does not change meanwhile. */
import type { Attempt, AttemptOutcome } from "../../src/core/model/Event.ts"
import type { DialAttempt, DialPlan } from "../../src/core/model/Routes.ts"
import type { Answer } from "./ToyInterpreter.ts"

export interface ToyDialled {
  /** -1: nobody could be reached. */
  readonly candidate: number
  readonly tried: ReadonlyArray<Attempt>
  readonly tookMs: number
  /** Attempts that were pending for longer than their plan allows, and when that was noticed. */
  readonly pending: ReadonlyArray<{ readonly candidate: number; readonly afterMs: number; readonly pendingMs: number }>
}

export function runPlan(plan: DialPlan, answerOf: (host: string) => Answer, failAfterMs: number): ToyDialled {
  const ends: Array<
    { readonly attempt: DialAttempt; readonly fromMs: number; readonly toMs: number; readonly outcome: AttemptOutcome }
  > = []
  let allFailedMs = 0
  let fromMs = 0
  for (const attempt of plan.attempts) {
    const winnerMs = Math.min(...ends.filter(({ outcome }) => outcome === "connected").map(({ toMs }) => toMs))
    fromMs = Math.max(fromMs, Math.min(attempt.startAfterMs, allFailedMs))
    if (fromMs >= Math.min(winnerMs, plan.deadlineMs)) break
    ends.push({ attempt, fromMs, ...fateOf(attempt, fromMs, answerOf(attempt.host), failAfterMs) })
    allFailedMs = Math.max(allFailedMs, ends[ends.length - 1]!.toMs)
  }
  ends.sort((a, b) => a.toMs - b.toMs)
  const winner = ends.find(({ outcome, toMs }) => outcome === "connected" && toMs < plan.deadlineMs)
  const tookMs = winner?.toMs ?? Math.min(plan.deadlineMs, allFailedMs)
  const tried = ends.map((end) => ({
    candidate: end.attempt.candidate,
    outcome: end.toMs <= tookMs && (end.outcome !== "connected" || end === winner)
      ? end.outcome
      : winner === undefined
      ? "timeout" as const
      : "cancelled" as const,
    tookUs: Math.round((Math.min(end.toMs, tookMs) - end.fromMs) * 1000)
  }))
  const pending = ends.flatMap(({ attempt: { candidate, suspectAfterMs }, fromMs, toMs }) =>
    Math.min(toMs, tookMs) - fromMs > suspectAfterMs
      ? [{ candidate, afterMs: fromMs + suspectAfterMs, pendingMs: suspectAfterMs }]
      : []
  )
  return { candidate: winner?.attempt.candidate ?? -1, tried, tookMs, pending }
}

function fateOf(attempt: DialAttempt, fromMs: number, answer: Answer, failAfterMs: number) {
  if (answer === "lost" || answer === "timeout" || (typeof answer === "number" && answer >= attempt.timeoutMs)) {
    return { toMs: fromMs + attempt.timeoutMs, outcome: "timeout" as const }
  }
  return typeof answer === "number"
    ? { toMs: fromMs + answer, outcome: "connected" as const }
    : { toMs: fromMs + failAfterMs, outcome: answer }
}
