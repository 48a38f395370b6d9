/**
 * The network and the clients of a trouble, simulated for rules to compare with. A handshake is the kernel's: a packet that was
 * lost is sent again after 1, 3 and 7 s.
 */
import type { Glimpse, Observed } from "./returnFigures.ts"
import type { Change, Fault, Role, Trouble } from "./trouble.ts"
import { changes, returnsS, RTT_MS } from "./trouble.ts"

const SENT_AFTER_MS = [0, 1_000, 3_000, 7_000]
const CLIENT_PATIENCE_MS = 5_000

export interface Dialled {
  readonly isUp: boolean
  readonly tookMs: number
}

export class SimulatedNetwork {
  readonly #fault: Fault
  readonly #latestFirst: ReadonlyArray<Change>

  constructor(trouble: Trouble) {
    this.#fault = trouble.fault
    this.#latestFirst = changes(trouble).toReversed()
  }

  dial(role: Role, atMs: number, timeoutMs: number): Dialled {
    const rttMs = RTT_MS[role]
    if (this.#fault === "refuse") return { isUp: this.#isUp(role, atMs), tookMs: rttMs }
    const sentMs = SENT_AFTER_MS.find((afterMs) => afterMs + rttMs < timeoutMs && this.#isUp(role, atMs + afterMs))
    return sentMs === undefined ? { isUp: false, tookMs: timeoutMs } : { isUp: true, tookMs: sentMs + rttMs }
  }

  #isUp(role: Role, atMs: number): boolean {
    return this.#latestFirst.find(({ roles, atS }) => roles.includes(role) && atS * 1000 <= atMs)?.isUp ?? true
  }
}

/** When clients start that come at an even rate. */
export function clientsMs(rate: number, fromS: number, untilS: number): ReadonlyArray<number> {
  return Array.from({ length: Math.floor((untilS - fromS) * rate) }, (_, i) => fromS * 1000 + (i * 1000) / rate)
}

/** The outcome for a client whose dial began `waitedMs` after its start. */
export function glimpse(startedMs: number, role: Role, { isUp, tookMs }: Dialled, waitedMs = 0): Glimpse {
  const firstByteMs = waitedMs + tookMs + RTT_MS[role]
  const isFailed = !isUp || firstByteMs > CLIENT_PATIENCE_MS
  return { startedMs, firstByteMs, by: isFailed ? undefined : role, isFailed }
}

/** A rule learns of the return by tests for which no client waits: the best counts as having answered at once. */
export function observedOf(trouble: Trouble, contender: string, seen: ReadonlyArray<Glimpse>): Observed {
  const returnsMs = returnsS(trouble).map((atS) => atS * 1000)
  return { trouble, contender, seen, returnsMs, acceptedMs: (returnsMs.at(-1) ?? 0) + RTT_MS.best }
}
