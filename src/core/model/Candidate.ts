/**
 * One address that can serve one upstream, with everything learned about it.
 *
 * Ids are never reused: an id is generation x 2^20 + slot, so a record is found by its slot in one step and a stranger's
 * answer is told by its generation.
 */
import type { Ewma } from "../math/Ewma.ts"
import type { SuccessWindow } from "../math/SuccessWindow.ts"

export type CandidateId = number
export type UpstreamId = number
export type Source = "user-static" | "dns" | "history" | "builtin" | "fallback"

/** 2^20 slots: more candidates at once than `maxCandidates` may ever allow. */
export const SLOTS = 0x10_0000

/** -1 in any `...AtUs` field means never, in a `...DueUs` field not scheduled. */
export interface Candidate {
  readonly id: CandidateId
  readonly upstream: UpstreamId
  /** Number within the upstream, minted once: `web#3` in labels, facts and traces. */
  readonly ordinal: number
  readonly host: string
  readonly port: number
  readonly source: Source
  readonly latency: Ewma
  readonly jitter: Ewma
  readonly success: SuccessWindow
  readonly penalty: Ewma
  /** Successes since the last failure. */
  readonly streak: number
  /** Handshakes in ms gathered for the next entry, ascending. */
  readonly gathered: ReadonlyArray<number>
  readonly lastEntryAtUs: number
  readonly entryDueUs: number
  readonly lastSampleAtUs: number
  readonly lastSampleOk: boolean
  readonly expireDueUs: number
  /** Expected price of a connection in ms; -1 before the first successful sample and after expiry. */
  readonly costMs: number
  /** Id of the probe under way, 0 when none. */
  readonly probe: number
  readonly probedAtUs: number
  /** Its place in the queue for a probe: members and challengers are urgent, all others the backlog. */
  readonly queue: "none" | "urgent" | "backlog"
  readonly queuedAtUs: number
  /** Connections that clients hold through it, by worker. */
  readonly connections: ReadonlyArray<number>
}
