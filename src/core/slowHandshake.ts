/** How long a handshake may be pending before somebody else is thought of. */
import type { Candidate } from "./model/Candidate.ts"

export const LATENCIES = 3
const LEAST_PENDING_MS = 100
/** The first pause of TCP before it sends a SYN again (RFC 6298). */
export const RESENT_MS = 1_000

/**
 * Longer than this is pending for too long, in ms. Samples that still gather count too: who has become slower would else be
 * suspected and cleared with each answer until they enter. What took a second may be a packet sent again, and tells nothing.
 */
export function pendingMs({ latency, sampleWindow, prior }: Candidate): number {
  const slowest = sampleWindow.findLast((tookMs) => tookMs < RESENT_MS) ?? 0
  const expected = latency.atUs >= 0 ? latency.value : prior?.latencyMs ?? 0
  const pending = LATENCIES * (expected > slowest ? expected : slowest)
  return pending > LEAST_PENDING_MS ? pending : LEAST_PENDING_MS
}

/**
 * The same as clients are told it, in whole ms: in steps of at most a tenth, rounded up. Routes carry it, and are renewed
 * when it leaves its step, not with every sample that gathers.
 */
export function slowHandshakeMs(candidate: Candidate): number {
  const pending = pendingMs(candidate)
  // It takes 10 to 20 units, so one of them more is a tenth at most; doubling keeps that exact, which a logarithm is not.
  let unit = LEAST_PENDING_MS / 10
  while (20 * unit < pending) unit *= 2
  return Math.ceil(pending / unit) * unit
}
