/**
 * Relief: whether the warm sockets of a candidate stand in the way of clients, and the counts behind that.
 *
 * This file alone writes it. reducers/relief.ts decides when each phase begins and ends.
 */
import type { Candidate, Relief, WithheldReason } from "../model/Candidate.ts"

export const noRelief: Relief = {
  phase: "idle",
  dueUs: -1,
  session: 0,
  endedAtUs: -1,
  hits: 0,
  misses: 0,
  notBeforeUs: -1,
  strikes: 0,
  struckAtUs: -1,
  reason: "serial",
  withheldUntilUs: -1,
  times: 0
}

function changed(candidate: Candidate, changes: Partial<Relief>): Candidate {
  return { ...candidate, relief: { ...candidate.relief, ...changes } }
}

/** A session is silent. Its warm sockets are closed at `dueUs` if it is silent still. */
export function watching(candidate: Candidate, session: number, dueUs: number): Candidate {
  return changed(candidate, { phase: "watching", session, dueUs, endedAtUs: -1 })
}

/** Its warm sockets are closed because of a session of its own or (0) of another candidate at its address. */
export function relieved(candidate: Candidate, session: number, dueUs: number, atUs: number): Candidate {
  return changed(candidate, { phase: "relieved", session, dueUs, endedAtUs: atUs })
}

/** A warm socket ended. */
export function ended(candidate: Candidate, atUs: number): Candidate {
  return changed(candidate, { endedAtUs: atUs })
}

/** No session is waited for. `hits`: hits in a row so far. */
export function idle(candidate: Candidate, hits: number = candidate.relief.hits): Candidate {
  return changed(candidate, { phase: "idle", session: 0, dueUs: -1, hits })
}

/** A trial ended no silence. The next one does not come before `notBeforeUs`. */
export function missed(candidate: Candidate, notBeforeUs: number): Candidate {
  return changed(idle(candidate, 0), { misses: candidate.relief.misses + 1, notBeforeUs })
}

/** A trial ended a silence. Earlier misses do not count any more. */
export function hit(candidate: Candidate, hits: number): Candidate {
  return changed(idle(candidate, hits), { misses: 0 })
}

/** `strikes` new connections in a row were turned away. */
export function struck(candidate: Candidate, strikes: number, struckAtUs: number): Candidate {
  return changed(candidate, { strikes, struckAtUs })
}

/** It has no warm sockets until then, for the `times`th time. */
export function withheld(candidate: Candidate, reason: WithheldReason, untilUs: number, times: number): Candidate {
  const counts = { session: 0, hits: 0, strikes: 0, misses: 0, notBeforeUs: -1 }
  return changed(candidate, { ...counts, phase: "withheld", reason, dueUs: untilUs, withheldUntilUs: untilUs, times })
}
