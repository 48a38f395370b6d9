/**
 * Deadlines: there is no timer for each thing. The state holds every moment at which the core wants to act, in one ordered
 * set. The shell sleeps until the least of them and posts `Ticked`. A deadline cannot go stale, and replay needs no extra
 * work for it.
 *
 * One tick handles at most 256 due deadlines. The others keep `nextDeadline` in the past, so the next tick follows at once.
 * That bounds a step when ten thousand candidates expire at the same moment.
 */
import * as Ordered from "./data/Ordered.ts"
import type { DeadlineKind, Due } from "./model/Deadline.ts"
import { DEADLINE_KINDS } from "./model/Deadline.ts"
import type { State } from "./model/State.ts"

/** Ids stay below 2^48: 2^28 generations of 2^20 slots; up to 32 kinds keep the code below 2^53. */
const KIND_UNIT = 2 ** 48
const MOST_DUE = 256

/** Due at the next tick. A deadline at the moment of the present tick would set a wake-up in the past. */
export const AT_ONCE_US = 1
/** Ids of the kind "outage": the next pulse (rules/pulse.ts), and the end of an auto-disable. */
export const PULSE = 0
export const COOLDOWN = 1

/** The moment at which the core wants to be woken, in µs; undefined: it waits for nothing. */
export function nextDeadline(state: State): number | undefined {
  return Ordered.first(state.index.deadlines)?.key
}

/** The deadlines that are due at `at`, the earliest first, at most 256. */
export function dueAt(state: State, at: number): ReadonlyArray<Due> {
  const due: Array<Due> = []
  Ordered.visit(state.index.deadlines, (moment, code) => {
    if (moment > at || due.length >= MOST_DUE) return false
    const kind = DEADLINE_KINDS[Math.floor(code / KIND_UNIT)]
    if (kind !== undefined) due.push({ kind, id: code % KIND_UNIT })
    return true
  })
  return due
}

/** Moves one deadline from `before` to `after` (-1: there is none). */
export function reschedule(
  deadlines: Ordered.Ordered,
  kind: DeadlineKind,
  id: number,
  before: number = -1,
  after: number = -1
): Ordered.Ordered {
  if (before === after) return deadlines
  const code = DEADLINE_KINDS.indexOf(kind) * KIND_UNIT + id
  const without = before < 0 ? deadlines : Ordered.remove(deadlines, before, code)
  return after < 0 ? without : Ordered.insert(without, after, code)
}
