/**
 * Growing delays: doubling from `baseMs`, never above `maxMs`, with "equal jitter" (half fixed, half drawn) so that many
 * waiters do not return at the same moment. The draw is an argument: chance belongs to the core's generator.
 */

/** Delay before attempt number `attempt` (0 is the first), without jitter: min(base x 2^attempt, max), monotone. */
export function backoffMs(attempt: number, baseMs: number, maxMs: number): number {
  let delayMs = baseMs
  for (let i = 0; i < attempt && delayMs < maxMs; i++) delayMs *= 2
  return delayMs < maxMs ? delayMs : maxMs
}

/** Half the delay plus half of it times `draw` in [0, 1). */
export function jitteredMs(delayMs: number, draw: number): number {
  return delayMs * (0.5 + 0.5 * draw)
}
