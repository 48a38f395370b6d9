/**
 * Sparing: a connection that says nothing is not free for the far end either. Some servers count it, and shut out who makes too many
 * (MySQL: `max_connect_errors`), others log it or let a watcher ban its source.
 *
 * With `probing.idle: lazy` an upstream is probed once at the start, and then only while clients use it (`onDemand.usedWithin`); and no
 * candidate is probed more than `idleProbes` times between two clients that it serves, however much the others are used. Clients'
 * own dials measure it as any sample does. Of one whose breaker is open every trial goes out: it does not get as far as to count.
 */
import type { Candidate } from "./model/Candidate.ts"
import * as Candidates from "./candidates.ts"
import type { State } from "./model/State.ts"

/** Whether no probe may go there before a client has been served. */
export function isSpent(state: State, candidate: Candidate): boolean {
  const { idle, idleProbes } = Candidates.configOf(state, candidate).probing
  return idle === "lazy" && candidate.unused >= idleProbes && candidate.breaker.state === "closed"
}
