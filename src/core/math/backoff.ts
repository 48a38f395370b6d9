/**
 * Growing delays: doubling from `baseMs`, never above `maxMs`, with a tenth of jitter so that many waiters do not return
 * at the same moment. The draw is an argument: chance belongs to the core's generator.
 */

/** Delay before attempt number `attempt` (0 is the first), without jitter: min(base x 2^attempt, max), monotone. */
export function backoffMs(attempt: number, baseMs: number, maxMs: number): number {
  let delayMs = baseMs
  for (let i = 0; i < attempt && delayMs < maxMs; i++) delayMs *= 2
  return delayMs < maxMs ? delayMs : maxMs
}

/** The delay less up to a tenth of it, by `draw` in [0, 1): enough that many do not return at once, little enough to plan with. */
export function jitteredMs(delayMs: number, draw: number): number {
  return delayMs * (1 - draw / 10)
}
