/**
 * The timer wheel: for limits that most sessions never reach. To set and clear a timer of the runtime costs about a
 * microsecond, and a whole session costs a hundred.
 *
 * Moments are rounded up by a sixteenth to a thirty-second of the delay, at least 16 ms. So there are never more than some
 * hundred moments. Each has a set of callbacks, and one timer of the runtime is set for the first moment. Where nothing waits
 * there is no timer, so that a process can end.
 */
const LEAST_GRAIN_MS = 16
/** The runtime's timers overflow at 2^31 ms. */
const MOST_DELAY_MS = 2 ** 31 - 1

type Waiter = () => void

const moments = new Map<number, Set<Waiter>>()
let timer: ReturnType<typeof setTimeout> | undefined
let timerAtMs = Number.POSITIVE_INFINITY
let waiting = 0

/**
 * Calls `fire` once, after `delayMs` and at most a sixteenth of it (or 16 ms) more. The same function must not wait twice for
 * one moment.
 */
export function timerWheel(delayMs: number, fire: () => void): () => void {
  const nowMs = performance.now()
  const delay = delayMs < MOST_DELAY_MS ? delayMs : MOST_DELAY_MS
  let grainMs = LEAST_GRAIN_MS
  while (grainMs * 32 <= delay) grainMs *= 2
  const atMs = Math.ceil((nowMs + delay) / grainMs) * grainMs
  let waiters = moments.get(atMs)
  if (waiters === undefined) {
    waiters = new Set()
    moments.set(atMs, waiters)
    if (atMs < timerAtMs) arm(atMs, nowMs)
  }
  waiters.add(fire)
  waiting++
  const joined = waiters
  return () => {
    if (joined.delete(fire) && --waiting === 0) disarm()
  }
}

function disarm(): void {
  clearTimeout(timer)
  timerAtMs = Number.POSITIVE_INFINITY
  moments.clear()
}

function arm(atMs: number, nowMs: number): void {
  clearTimeout(timer)
  timerAtMs = atMs
  timer = setTimeout(ring, Math.max(0, Math.ceil(atMs - nowMs)))
}

function ring(): void {
  const nowMs = performance.now()
  timerAtMs = Number.POSITIVE_INFINITY
  let next = Number.POSITIVE_INFINITY
  for (const [atMs, waiters] of [...moments]) {
    if (waiters.size === 0) moments.delete(atMs)
    else if (atMs > nowMs) next = Math.min(next, atMs)
    else {
      moments.delete(atMs)
      // A callback that an earlier one cancelled is not called any more.
      for (const fire of waiters) {
        waiters.delete(fire)
        waiting--
        fire()
      }
    }
  }
  // A callback may have set the timer to an earlier moment.
  if (waiting > 0 && next < timerAtMs) arm(next, nowMs)
}
