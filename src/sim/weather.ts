/**
 * The way to an address as a TCP client sees it: a round trip, what it varies by, what is lost, and faults by a script. A lost SYN is sent
 * again after 1, 3 and 7 s. While an address is dark all its packets are lost, and a refusing one answers with a reset.
 */
import { Draws } from "./Draws.ts"
import type { Answer } from "./Network.ts"
import type { Reply } from "./session.ts"
import type { Simulation } from "./Simulation.ts"

export type Fault = "dark" | "refused"

/** One address is faulty from `fromMs` to `toMs`. */
export interface Faulty {
  readonly host: string
  readonly fault: Fault
  readonly fromMs: number
  readonly toMs: number
}

export interface Way {
  readonly host: string
  readonly rttMs: number
  /** Each handshake and each reply takes up to so much longer. */
  readonly jitterMs?: number
  /** The share of SYNs that are lost. */
  readonly loss?: number
  /** The share of handshakes that are never answered. */
  readonly silent?: number
  /** Faults of this address and of others. The list may grow while the run goes on. */
  readonly faults?: ReadonlyArray<Faulty>
}

const RESENT_MS = [0, 1_000, 3_000, 7_000]
const FIRST_RESEND_MS = 200
const LONGEST_MS = 60_000

/** The outcome of a handshake that begins at `atMs`. */
export function handshake(way: Way, atMs: number, draws: Draws): Answer {
  if (faultAt(way, atMs) === "refused") return "refused"
  if (happens(way.silent, draws)) return "timeout"
  const sentMs = RESENT_MS.find((laterMs) => faultAt(way, atMs + laterMs) !== "dark" && !happens(way.loss, draws))
  return sentMs === undefined ? "timeout" : sentMs + roundTripMs(way, draws)
}

/** What a session gets that sends its first bytes at `atMs`: while dark they are sent again, at growing intervals. */
export function reply(way: Way, atMs: number, draws: Draws): Reply {
  for (let laterMs = 0, pauseMs = FIRST_RESEND_MS; laterMs < LONGEST_MS; laterMs += pauseMs, pauseMs *= 2) {
    const fault = faultAt(way, atMs + laterMs)
    if (fault === "refused") return "reset"
    if (fault === undefined) return laterMs + roundTripMs(way, draws)
  }
  return "silent"
}

/** From now on the address of the way answers by it; the draws may be shared by many ways. */
export function follow(sim: Simulation, way: Way, draws = new Draws(1)): void {
  sim.set(way.host, () => handshake(way, sim.atMs, draws))
  sim.replies(way.host, (connectedMs) => reply(way, connectedMs, draws))
}

function faultAt({ host, faults = [] }: Way, ms: number): Fault | undefined {
  return faults.find((one) => one.host === host && ms >= one.fromMs && ms < one.toMs)?.fault
}

function roundTripMs({ rttMs, jitterMs = 0 }: Way, draws: Draws): number {
  return jitterMs === 0 ? rttMs : rttMs + draws.draw() * jitterMs
}

function happens(share = 0, draws: Draws): boolean {
  return share > 0 && draws.draw() < share
}
