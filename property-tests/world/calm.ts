/** The time after the weather has cleared: what has to be well again by when. */
import type { Script } from "./script.ts"

/** By then each name has been resolved again. */
export const CALM_NAMES_MS = 60_000
/** By then every client is served, if any address of its upstream is well. */
export const SERVES_AFTER_MS = 90_000
/** Then clients come for so long to the best addresses. */
const GOES_ON_MS = 30_000
/** A challenger has to be cheaper at so many samples (`selector.switching.standing`). */
const SAMPLES = 6

/** By then the best address serves, and not the one that failed least: it was tried, sampled often enough, and every hold is over. */
export function bestAfterMs({ services }: Script): number {
  const slowestMs = Math.max(...services.map(({ intervalMs, holdMs }) => (SAMPLES + 1) * intervalMs + 2 * holdMs))
  return SERVES_AFTER_MS + slowestMs
}

/** How long a world goes on after its weather has cleared. */
export function calmMs(script: Script): number {
  return bestAfterMs(script) + GOES_ON_MS
}
