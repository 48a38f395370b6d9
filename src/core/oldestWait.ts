/**
 * The oldest wait for an answer since the last proof of life. Suspicion has this one rule for handshakes and for first bytes:
 *
 * | wait | proof of life | too long |
 * | --- | --- | --- |
 * | a handshake | a handshake that began later was answered | max(3 x latency, 100 ms): slowHandshake.ts |
 * | a session, from its client's bytes on | a byte that came later to any client | 300 ms; two sessions: slowFirstByte.ts |
 *
 * A wait that began before the proof of life is no sign: then a packet was lost, or that request is slow.
 */

/** When the oldest of the waits that began after `aliveAtUs` is too long; -1: there is no such wait. */
export function tooLongAtUs(beganUs: ReadonlyArray<number>, aliveAtUs: number, limitUs: number): number {
  let oldestUs = -1
  for (const one of beganUs) if (one > aliveAtUs && (oldestUs < 0 || one < oldestUs)) oldestUs = one
  return oldestUs < 0 ? -1 : oldestUs + limitUs
}
