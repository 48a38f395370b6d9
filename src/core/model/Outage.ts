/** Whether this machine's own network is down, and the evidence for it: see reducers/outage.ts. */
import type { CandidateId, UpstreamId } from "./Candidate.ts"
import type { InterfacesChanged } from "./Event.ts"

export type Family = InterfacesChanged["families"][number]

/**
 * The proof of the outage:
 * - `interfaces`: no usable interface is left.
 * - `silence`: addresses in different upstreams and networks fell silent together.
 * - `connectivity`: no reference answers.
 */
export type OutageReason = "interfaces" | "silence" | "connectivity"

/**
 * A silence window is a time without any answer. It starts with the first failure of a candidate that had worked before. The
 * next answer of any address ends it.
 */
export interface OutageState {
  /** Families of the machine's addresses beside loopback; null: not known. */
  readonly families: ReadonlyArray<Family> | null
  /** Families over which an answer came since the start or since the network last changed. */
  readonly proven: ReadonlyArray<Family>
  /** `seq` of the entry with the latest answer. */
  readonly answeredSeq: number
  /** Since when the silence window is open. */
  readonly silenceSinceUs: number
  /** Candidates that fell silent in this window: at most three, which is enough for two upstreams and two networks. */
  readonly witnesses: ReadonlyArray<CandidateId>
  /** References that fell silent in this window, by index. */
  readonly deadReferences: ReadonlyArray<number>
  /** The next extra probes while it is open whether the network works. */
  readonly pulseDueUs: number
  /** The upstream that is probed next. */
  readonly turn: number
  /** Since when the network is down; -1: it is not. */
  readonly sinceUs: number
  readonly reason: OutageReason
  /** When the network last came back. */
  readonly endedAtUs: number
}

/** Failed rounds in a row, and the pause that follows them: see reducers/autoDisable.ts. */
export interface AutoDisable {
  readonly rounds: number
  /** Upstreams that failed in the round under way, at most two. */
  readonly failed: ReadonlyArray<UpstreamId>
  readonly roundEndUs: number
  /** Until when every client goes to the last resort; -1: there is no pause. */
  readonly untilUs: number
}
