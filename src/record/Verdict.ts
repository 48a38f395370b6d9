/** What a replay found. Its JSON is the same on every machine: it has no time, path or runtime. */
import type { Move } from "../core/model/Decision.ts"
import type { BreakReason } from "./Segment.ts"

/**
 * The result:
 * - `verified`: every decision is as recorded.
 * - `diverged`: the record is whole, and this code decides otherwise.
 * - `altered`: a line was changed, dropped, added or moved.
 * - `incompatible`: another version of the model, the format or the schema made the record.
 */
export type Outcome = "verified" | "diverged" | "altered" | "incompatible"

export interface Problem {
  readonly segment: number
  /** The entry at which the problem shows. For a header: the entry that it claims to follow. */
  readonly seq: number
  readonly what: string
}

/**
 * How a segment ends: `closed` by a footer, `gap` after a failed write, `continued` in the next segment, `crash` without an
 * end, `until` at the entry that the caller named.
 */
export type SegmentEnd = "closed" | "gap" | "continued" | "crash" | "until"

export interface SegmentSummary {
  readonly segment: number
  readonly run: string
  readonly firstSeq: number
  readonly entries: number
  readonly end: SegmentEnd
  /** Characters after the last whole line. */
  readonly tornChars: number
}

export interface GapSummary {
  readonly run: string
  /** The last entry before the gap; -1: there is none in this run. */
  readonly afterSeq: number
  /** The first entry after the gap; -1: the run ends in the gap. */
  readonly beforeSeq: number
  readonly reason: BreakReason
}

export interface MoveSummary {
  readonly run: string
  readonly seq: number
  readonly upstream: string
  readonly members: ReadonlyArray<string>
  readonly moves: ReadonlyArray<{ readonly candidate: string } & Omit<Move, "candidate">>
}

export interface Choices {
  /** Clients that were compared with the routes they used. */
  readonly checked: number
  /** Clients with routes from before the start of the segment. */
  readonly unjudged: number
}

export interface Verdict {
  readonly outcome: Outcome
  readonly problem: Problem | null
  readonly model: number
  readonly entries: number
  readonly decisions: number
  readonly choices: Choices
  readonly segments: ReadonlyArray<SegmentSummary>
  readonly gaps: ReadonlyArray<GapSummary>
  readonly moves: ReadonlyArray<MoveSummary>
  /** Digest of the last state; empty: there was none. */
  readonly state: string
}

/** The exit code for a verdict: 0 done, 3 negative, 4 cannot be judged. */
export function exitCode(verdict: Verdict): 0 | 3 | 4 {
  return verdict.outcome === "verified" ? 0 : verdict.outcome === "incompatible" ? 4 : 3
}
