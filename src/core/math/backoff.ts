/**
 * Delays that double from `baseMs` up to `maxMs`, less up to a tenth of jitter, so that many waiters do not return at the same
 * moment. The caller draws the random number, because chance belongs to the core's state.
 */

/** Delay in ms before attempt number `attempt`, without jitter: min(base x 2^attempt, max). The first attempt is number 0. */
export function backoffMs(attempt: number, baseMs: number, maxMs: number): number {
  let delayMs = baseMs
  for (let i = 0; i < attempt && delayMs < maxMs; i++) delayMs *= 2
  return delayMs < maxMs ? delayMs : maxMs
}

/** The delay less up to a tenth of it, by `draw` in [0, 1). */
export function jitteredMs(delayMs: number, draw: number): number {
  return delayMs * (1 - draw / 10)
}
