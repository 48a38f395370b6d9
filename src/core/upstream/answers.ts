/**
 * Answers of an upstream to its clients: whether a session ever got a byte, how long the first byte usually takes, and which
 * silence sessions report to the core.
 *
 * This file alone writes them. `reducers/suspicion.ts` decides what silence means.
 */
import type { Ewma } from "../math/Ewma.ts"
import type { Upstream } from "../model/Upstream.ts"

/** A session got its first byte. */
export function answered(upstream: Upstream): Upstream {
  return upstream.answered ? upstream : { ...upstream, answered: true }
}

/** A session got its first byte, and how long that took is known. */
export function timed(upstream: Upstream, firstByte: Ewma, silentAfterMs: number): Upstream {
  return { ...upstream, answered: true, firstByte, silentAfterMs }
}
