/**
 * Lifetime: what lists a candidate and what hangs on it, so how long it is known.
 *
 * This file alone writes its sources, its connections and the moment at which it is forgotten. Which sources name it is decided
 * by rules/roster.ts.
 */
import type { Candidate, Source } from "../model/Candidate.ts"

/** A source names it, or does no more. */
export function named(candidate: Candidate, source: Source, isNamed: boolean): Candidate {
  const others = candidate.sources.filter((one) => one !== source)
  return { ...candidate, sources: isNamed ? [...others, source] : others }
}

/** It is forgotten then, if nothing hangs on it by that time; -1: not. */
export function forgetDue(candidate: Candidate, forgetDueUs: number): Candidate {
  return { ...candidate, forgetDueUs }
}

/** One more connection of a client through it, or one less. */
export function counted(candidate: Candidate, worker: number, change: 1 | -1): Candidate {
  const connections = candidate.connections.slice()
  while (connections.length <= worker) connections.push(0)
  const count = (connections[worker] ?? 0) + change
  connections[worker] = count > 0 ? count : 0
  return { ...candidate, connections }
}

/** The connections of a worker ended with it. */
export function workerLost(candidate: Candidate, worker: number): Candidate {
  const { connections } = candidate
  return (connections[worker] ?? 0) === 0 ? candidate : { ...candidate, connections: connections.with(worker, 0) }
}

/** No connection is left, as the process that held them is gone. */
export function unconnected(candidate: Candidate): Candidate {
  return { ...candidate, connections: [] }
}
