/**
 * Sparing: a connection that says nothing has a price for the server too. Some servers count such connections and shut out
 * an address that makes too many (MySQL: `max_connect_errors`). Others log them, or let a watcher ban the address.
 *
 * With `probing.idle: lazy`:
 *
 * - An upstream is probed once at the start, and then only while clients use it (`onDemand.usedWithin`).
 * - A candidate gets at most `idleProbes` probes between two clients that it serves, however much the others are used.
 * - Clients' own dials measure it as any sample does.
 * - While its breaker is open every trial goes out: the server does not get as far as to count it.
 */
import type { Candidate } from "./model/Candidate.ts"
import * as Candidates from "./candidates.ts"
import type { State } from "./model/State.ts"

/** Whether it gets no more probes until it has served a client. */
export function isSpent(state: State, candidate: Candidate): boolean {
  const { idle, idleProbes } = Candidates.configOf(state, candidate).probing
  return idle === "lazy" && candidate.unused >= idleProbes && candidate.breaker.state === "closed"
}
