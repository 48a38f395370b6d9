/**
 * Runs a dial plan in virtual time against a network that does not change meanwhile. A name's addresses take its place from the start:
 * the resolver takes no time.
 */
import { admits } from "../core/access.ts"
import { isAvoided } from "../core/identity.ts"
import type { CandidateId, Endpoint } from "../core/model/Candidate.ts"
import type { Attempt, AttemptOutcome } from "../core/model/Event.ts"
import type { DialAttempt, DialPlan } from "../core/model/Routes.ts"
import type { Answering } from "./Network.ts"

export interface Dialled {
  /** `none`: no address could be reached. */
  readonly candidate: Endpoint | "none"
  readonly tried: ReadonlyArray<Attempt>
  readonly tookMs: number
  /** Attempts that were pending for longer than their plan allows, and when that was reported. */
  readonly pending: ReadonlyArray<{ readonly candidate: CandidateId; readonly afterMs: number; readonly pendingMs: number }>
}

export function runPlan({ attempts: planned, deadlineMs }: DialPlan, network: Answering): Dialled {
  const names = (name: string) => network.names.addressesOf(name) ?? []
  const denied = planned.flatMap(({ host, resolve }): ReadonlyArray<Attempt> =>
    resolve === undefined ? [] : names(host).filter((one) => !admits(resolve.access, one)).slice(0, resolve.most)
      .map((one) => ({ candidate: "system", host: one, outcome: "denied", tookUs: 0 }))
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
    ...(end.attempt.candidate === "system" ? { host: end.attempt.host } : {}),
    outcome: end.toMs <= tookMs && (end.outcome !== "connected" || end === winner)
      ? end.outcome
      : winner === undefined
      ? "timeout" as const
      : "cancelled" as const,
    tookUs: Math.round((Math.min(end.toMs, tookMs) - end.fromMs) * (end === winner && end.attempt.verify ? 500 : 1000)),
    ...(end === winner && end.attempt.verify !== undefined ? { verified: true as const } : {})
  }))
  const pending = ends.flatMap(({ attempt: { candidate, suspectAfterMs }, fromMs, toMs }) =>
    candidate !== "system" && Math.min(toMs, tookMs) - fromMs > suspectAfterMs
      ? [{ candidate, afterMs: fromMs + suspectAfterMs, pendingMs: suspectAfterMs }]
      : []
  )
  return { candidate: winner?.attempt.candidate ?? "none", tried: [...denied, ...tried], tookMs, pending }
}

/** The addresses of a name that are not in the plan itself. */
function addressesOf(
  attempt: DialAttempt,
  planned: ReadonlyArray<DialAttempt>,
  names: (name: string) => ReadonlyArray<string>
): ReadonlyArray<DialAttempt> {
  const { resolve, startAfterMs } = attempt
  if (resolve === undefined) return [attempt]
  const known = planned.map(({ host }) => host)
  const hosts = names(attempt.host).filter((host) => admits(resolve.access, host))
    .filter((host) => !known.includes(host) && !isAvoided(resolve, host)).slice(0, resolve.most)
  return hosts.map((host, i) => ({ ...attempt, host, startAfterMs: startAfterMs + i * resolve.raceDelayMs }))
}

function fateOf({ host, port, timeoutMs, verify }: DialAttempt, fromMs: number, network: Answering) {
  const { tookMs, outcome } = network.endOf(network.answerOf(host, "client", port), timeoutMs)
  if (outcome !== "connected" || verify === undefined) return { toMs: fromMs + tookMs, outcome }
  // A proof takes as long again as the handshake.
  return { toMs: fromMs + 2 * tookMs, outcome: network.isImpostor(host) ? "certificate" as const : outcome }
}
