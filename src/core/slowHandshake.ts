/** The slow-handshake limit: how long a handshake may be pending before clients prefer another candidate. */
import type { Candidate } from "./model/Candidate.ts"

export const LATENCIES = 3
const LEAST_PENDING_MS = 100
/** The first pause of TCP before it sends a SYN again (RFC 6298). */
export const RESENT_MS = 1_000

/**
 * A handshake is slow after this time, in ms. Samples that still gather count too. Otherwise a candidate that has become
 * slower would be suspected and cleared with each answer, until its window ends. A handshake of a second or more may be a
 * repeated SYN and says nothing.
 */
export function pendingMs({ latency, sampleWindow, prior }: Candidate): number {
  const slowest = sampleWindow.findLast((tookMs) => tookMs < RESENT_MS) ?? 0
  const expected = latency.atUs >= 0 ? latency.value : prior?.latencyMs ?? 0
  const pending = LATENCIES * (expected > slowest ? expected : slowest)
  return pending > LEAST_PENDING_MS ? pending : LEAST_PENDING_MS
}

/**
 * The same limit for clients, in whole ms: in steps of at most a tenth, rounded up. Routes contain it. They change only when
 * it leaves its step, and not with every sample.
 */
export function slowHandshakeMs(candidate: Candidate): number {
  const pending = pendingMs(candidate)
  // The limit takes 10 to 20 units, so one more unit is at most a tenth. Doubling is exact, a logarithm is not.
  let unit = LEAST_PENDING_MS / 10
  while (20 * unit < pending) unit *= 2
  return Math.ceil(pending / unit) * unit
}
