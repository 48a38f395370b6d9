/**
 * How many descriptors this process may still open. Node accepts a client for whom there is none and closes it at once, and a
 * listener of Deno 2.9 never accepts again after that, so the shell has to know before.
 *
 * The kernel's count is exact but costs a look at every descriptor, so between two looks what was opened is added and what was
 * closed is not: the estimate is too low at worst, and then a look follows. Where the system does not tell (anything but Linux),
 * there is always room.
 */
import { readdirSync, readFileSync } from "node:fs"
import process from "node:process"
import { nowUs } from "./clock.ts"

/** The limit of a running process can be changed from outside; reading it is cheap. */
const LIMIT_HOLDS_US = 100_000
/** Looks take at most one part in so many of the time. */
const LEAST_PAUSE = 20

let limit = Number.POSITIVE_INFINITY
let limitReadAtUs = Number.NEGATIVE_INFINITY
let openAtLook = 0
let openedSince = Number.POSITIVE_INFINITY
let nextLookAtUs = Number.NEGATIVE_INFINITY
/** The latest try to find out found no descriptor for itself. */
let isOut = false

/** One more was opened. */
export function opened(): void {
  openedSince++
}

/** How many may be open at once; infinite where the system does not tell. */
export function descriptorLimit(): number {
  const now = nowUs()
  if (process.platform !== "linux" || now - limitReadAtUs < LIMIT_HOLDS_US) return limit
  limitReadAtUs = now
  const text = read(() => readFileSync("/proc/self/limits", "utf8"))
  if (text === undefined) return limit
  limit = Number(/^Max open files\s+(\d+)/m.exec(text)?.[1] ?? Number.POSITIVE_INFINITY)
  return limit
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
  openedSince = 0
  return most - openAtLook >= count
}

/** undefined where it cannot be read: for want of a descriptor, which says it all, or because there is no such thing. */
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
