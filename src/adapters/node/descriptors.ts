/**
 * The number of descriptors that this process may still open. Without one, Node accepts a client and closes it at once, and a
 * listener of Deno 2.9 never accepts again. So the shell has to know the number before.
 *
 * The kernel's count is exact, but it reads every descriptor. Between two counts the estimate adds each opening and ignores
 * each closing. So it errs on the safe side, and a low estimate leads to a new count. Where the system gives no count (anything
 * but Linux), there is always room.
 */
import { readdirSync, readFileSync } from "node:fs"
import process from "node:process"
import { nowUs } from "./clock.ts"

/** The limit of a running process can be changed from outside. Reading it is cheap. */
const LIMIT_HOLDS_US = 100_000
/** Counting takes at most this part of the time. */
const LEAST_PAUSE = 20

let limit = Number.POSITIVE_INFINITY
let limitReadAtUs = Number.NEGATIVE_INFINITY
let openAtLook = 0
let openedSince = Number.POSITIVE_INFINITY
let nextLookAtUs = Number.NEGATIVE_INFINITY
/** Dials since the event loop last turned. They may have no descriptor yet: a runtime makes the socket after the call. */
let dialledInTurn = 0
/** The last count found no descriptor for itself. */
let isOut = false

/** Call when one more was opened. */
export function opened(): void {
  openedSince++
}

/** Call when a dial begins. A count adds the dials that may have no descriptor yet. */
export function dialling(): void {
  openedSince++
  if (dialledInTurn++ === 0) setImmediate(turned)
}

function turned(): void {
  dialledInTurn = 0
}

/** Descriptors that may be open at once; infinite where the system gives no limit. */
export function descriptorLimit(): number {
  const now = nowUs()
  if (process.platform !== "linux" || now - limitReadAtUs < LIMIT_HOLDS_US) return limit
  limitReadAtUs = now
  const text = read(() => readFileSync("/proc/self/limits", "utf8"))
  if (text === undefined) return limit
  limit = Number(/^Max open files\s+(\d+)/m.exec(text)?.[1] ?? Number.POSITIVE_INFINITY)
  return limit
}

/** Whether the system would tell the limit, and does not tell it to this process: Deno reads /proc only with every permission. */
export function isLimitHidden(): boolean {
  return process.platform === "linux" && "Deno" in globalThis && descriptorLimit() === Number.POSITIVE_INFINITY
}

/** Whether at least `count` more may be opened. */
export function hasDescriptors(count: number): boolean {
  const most = descriptorLimit()
  if (!isOut && most - openAtLook - openedSince >= count) return true
  if (most === Number.POSITIVE_INFINITY) return true
  const beganUs = nowUs()
  if (beganUs < nextLookAtUs) return false
  const names = read(() => readdirSync("/proc/self/fd"))
  const endedUs = nowUs()
  nextLookAtUs = endedUs + LEAST_PAUSE * (endedUs - beganUs)
  if (names === undefined) return !isOut
  openAtLook = names.length
  openedSince = dialledInTurn
  return most - openAtLook - openedSince >= count
}

/** undefined: it cannot be read, because no descriptor is free for the read, or because the file does not exist. */
function read<A>(from: () => A): A | undefined {
  try {
    const value = from()
    isOut = false
    return value
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    isOut = code === "EMFILE" || code === "ENFILE"
    if (!isOut) limit = Number.POSITIVE_INFINITY
    return undefined
  }
}
