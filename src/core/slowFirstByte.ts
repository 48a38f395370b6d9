/**
 * The silence limit: how long a session may wait for its first upstream byte before it is reported as silent.
 *
 * It is max(3 x the upstream's usual time to first byte, 100 ms). The usual time decays over some minutes, because it changes
 * with the requests of clients. Routes contain the limit. They are renewed when it has moved by more than a fifth, and not
 * with every session.
 */
import * as Ewma from "./math/Ewma.ts"
import type { Upstream } from "./model/Upstream.ts"
import { LATENCIES } from "./slowHandshake.ts"
import * as Answers from "./upstream/answers.ts"

export const LEAST_SHARED_SILENCE_MS = 100
const FIRST_BYTE_DECAY_MS = 60_000

/** One more session of the upstream was answered after `answerMs`. */
export function firstByteTimed(upstream: Upstream, answerMs: number, atUs: number): Upstream {
  const firstByte = Ewma.add(upstream.firstByte, answerMs, atUs, FIRST_BYTE_DECAY_MS)
  const expectedMs = LATENCIES * firstByte.value
  const shouldMs = expectedMs > LEAST_SHARED_SILENCE_MS ? expectedMs : LEAST_SHARED_SILENCE_MS
  const hasMoved = Math.abs(shouldMs - upstream.silentAfterMs) > upstream.silentAfterMs / 5
  return Answers.timed(upstream, firstByte, hasMoved ? shouldMs : upstream.silentAfterMs)
}
