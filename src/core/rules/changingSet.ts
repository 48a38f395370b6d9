/**
 * The set of an upstream while it is evaluated: which candidates enter and leave it, and the moves that tell so.
 */
import type { Candidate } from "../model/Candidate.ts"
import type { MoveReason } from "../model/Decision.ts"
import type { Set } from "../upstream/departed.ts"

/** The member that leaves first: the costliest, and among equals the one with the higher id. */
export function costliest(set: Set): Candidate {
  return set.members.reduce((worst, one) =>
    one.costMs > worst.costMs || (one.costMs === worst.costMs && one.id > worst.id) ? one : worst
  )
}

/** A candidate enters the set. */
export function enter(set: Set, candidate: Candidate, reason: MoveReason, atUs: number): void {
  set.members.push(candidate)
  set.sinceUs.set(candidate.id, atUs)
  set.moves.push({ candidate: candidate.id, into: true, reason, costMs: candidate.costMs })
}

/** A member leaves the set. */
export function leave(set: Set, member: Candidate, reason: MoveReason): void {
  set.members.splice(set.members.indexOf(member), 1)
  set.moves.push({ candidate: member.id, into: false, reason, costMs: member.costMs })
}
