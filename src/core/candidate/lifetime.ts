/**
 * Lifetime: what lists a candidate and what uses it, which decides how long it is known.
 *
 * This file alone writes its sources, its connections and the moment at which it is forgotten. rules/roster.ts decides which
 * sources name it.
 */
import type { Candidate, Source } from "../model/Candidate.ts"

/** A source names it, or does so no more. */
export function named(candidate: Candidate, source: Source, isNamed: boolean): Candidate {
  const others = candidate.sources.filter((one) => one !== source)
  return { ...candidate, sources: isNamed ? [...others, source] : others }
}

/** It is forgotten at this moment, if nothing uses it by then; -1: never. */
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

/** It has no connections, as the process that held them is gone. */
export function unconnected(candidate: Candidate): Candidate {
  return { ...candidate, connections: [] }
}
