/** A dial plan run blindly in virtual time against a world that does not change meanwhile. */
import type { Attempt, AttemptOutcome } from "../../src/core/model/Event.ts"
import type { DialAttempt, DialPlan } from "../../src/core/model/Routes.ts"
import type { Answer } from "./ToyInterpreter.ts"

export interface ToyDialled {
  /** -1: nobody could be reached. */
  readonly candidate: number
  readonly tried: ReadonlyArray<Attempt>
  readonly tookMs: number
}

export function runPlan(plan: DialPlan, answerOf: (host: string) => Answer, failAfterMs: number): ToyDialled {
  const ends: Array<
    { readonly candidate: number; readonly fromMs: number; readonly toMs: number; outcome: AttemptOutcome }
  > = []
  let allFailedMs = 0
  let fromMs = 0
  for (const attempt of plan.attempts) {
    const winnerMs = Math.min(...ends.filter(({ outcome }) => outcome === "connected").map(({ toMs }) => toMs))
    fromMs = Math.max(fromMs, Math.min(attempt.startAfterMs, allFailedMs))
    if (fromMs >= Math.min(winnerMs, plan.deadlineMs)) break
    ends.push({ candidate: attempt.candidate, fromMs, ...fateOf(attempt, fromMs, answerOf(attempt.host), failAfterMs) })
    allFailedMs = Math.max(allFailedMs, ends[ends.length - 1]!.toMs)
  }
  ends.sort((a, b) => a.toMs - b.toMs)
  const winner = ends.find(({ outcome, toMs }) => outcome === "connected" && toMs < plan.deadlineMs)
  const tookMs = winner?.toMs ?? Math.min(plan.deadlineMs, allFailedMs)
  const tried = ends.map(({ candidate, fromMs, toMs, outcome }) => ({
    candidate,
    outcome: toMs <= tookMs && (outcome !== "connected" || candidate === winner?.candidate)
      ? outcome
      : winner === undefined
      ? "timeout" as const
      : "cancelled" as const,
    tookUs: Math.round((Math.min(toMs, tookMs) - fromMs) * 1000)
  }))
  return { candidate: winner?.candidate ?? -1, tried, tookMs }
}

function fateOf(attempt: DialAttempt, fromMs: number, answer: Answer, failAfterMs: number) {
  if (answer === "lost" || answer === "timeout" || (typeof answer === "number" && answer >= attempt.timeoutMs)) {
    return { toMs: fromMs + attempt.timeoutMs, outcome: "timeout" as const }
  }
  return typeof answer === "number"
    ? { toMs: fromMs + answer, outcome: "connected" as const }
    : { toMs: fromMs + failAfterMs, outcome: answer }
}
