/** Whether this machine's own network is down, and what speaks for it. */
import type { CandidateId, UpstreamId } from "./Candidate.ts"

export type Family = "ipv4" | "ipv6"

/** What gave an outage away: no interface is left; far apart addresses fell silent together; every reference is dead. */
export type OutageReason = "interfaces" | "silence" | "connectivity"

/**
 * A spell is a time in which everybody who is asked fails: it begins with the first failure of one who had worked, and ends
 * with the next answer of anybody. -1 in any `...Us` field means never, or not scheduled.
 */
export interface OutageState {
  /** Of the addresses that the machine has beside loopback; null: not known. */
  readonly families: ReadonlyArray<Family> | null
  /** Families over which somebody answered since the start or the last change of the network. */
  readonly proven: ReadonlyArray<Family>
  /** The entry that brought the latest answer. */
  readonly answeredSeq: number
  readonly silenceSinceUs: number
  /** At most three who fell silent in this spell: enough for two upstreams and two networks. */
  readonly witnesses: ReadonlyArray<CandidateId>
  /** Places of the references that fell silent in this spell. */
  readonly deadReferences: ReadonlyArray<number>
  /** When somebody is to be asked again, out of turn, and whose turn it is. */
  readonly pulseDueUs: number
  readonly turn: number
  /** Since when the network is down; why; and when it last came back. */
  readonly sinceUs: number
  readonly reason: OutageReason
  readonly endedAtUs: number
}

/** Failed rounds in a row, and until when there is no opinion because of them. */
export interface AutoDisable {
  readonly rounds: number
  /** Upstreams that failed in the round under way, at most two. */
  readonly failed: ReadonlyArray<UpstreamId>
  readonly roundEndUs: number
  readonly untilUs: number
}
