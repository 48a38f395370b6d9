/** What a replay found, in a form whose JSON is the same on every machine: nothing of time, path or runtime. */
import type { Move } from "../core/model/Decision.ts"
import type { BreakReason } from "./Segment.ts"

/**
 * `verified`: every decision came out as recorded. `diverged`: the record is whole, but this code decides otherwise.
 * `altered`: a line was changed, dropped, added or moved. `incompatible`: made by another model, format or schema version.
 */
export type Outcome = "verified" | "diverged" | "altered" | "incompatible"

export interface Problem {
  readonly segment: number
  /** The entry at which it shows; for a header, the entry it claims to follow. */
  readonly seq: number
  readonly what: string
}

/** How a segment ends: `closed` by a footer, `gap` after a failed write, `continued` in the next, `crash` without an end, `until` where it was asked to. */
export type SegmentEnd = "closed" | "gap" | "continued" | "crash" | "until"

export interface SegmentSummary {
  readonly segment: number
  readonly run: string
  readonly firstSeq: number
  readonly entries: number
  readonly end: SegmentEnd
  /** Characters after the last whole line, cut off. */
  readonly tornChars: number
}

export interface GapSummary {
  readonly run: string
  /** The last entry known before; -1 when none of the run is. */
  readonly afterSeq: number
  /** First entry known again; -1 when the run ends in the gap. */
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
  /** Clients whose choice was compared with the routes they used. */
  readonly checked: number
  /** Clients whose routes are before the start of the segment. */
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
  /** Digest of the last state; empty when there was none. */
  readonly state: string
}

/** Exit codes of contract 1: 0 done, 3 a verdict is negative, 4 cannot be judged. */
export function exitCode(verdict: Verdict): 0 | 3 | 4 {
  return verdict.outcome === "verified" ? 0 : verdict.outcome === "incompatible" ? 4 : 3
}
