/**
 * The record on disk, line by line.
 *
 * A segment is a file of NDJSON that can be read without the other segments. Its lines in order:
 * - `header`: the configuration and the small part of the state.
 * - `upstreams` and `candidates`: the rest of the state, in lines of bounded size, so that no line and no pause grows with the
 *   list.
 * - one line for each entry.
 * - `footer` after a clean close, or `gap` after a failed write.
 *
 * The last field of each line is `chain`: the digest of the bytes of the line before that field, and of the chain so far. So a
 * changed, missing, added or moved line is found at its place.
 */
import type { Config } from "../core/model/Config.ts"
import type { Candidate } from "../core/model/Candidate.ts"
import type { Entry } from "../core/model/Event.ts"
import type { Upstream } from "../core/model/Upstream.ts"
import type { Snapshot } from "../core/state.ts"

/** What all segments of one process share. */
export interface Run {
  /** Drawn once for each process. Segments of different runs do not continue one another. */
  readonly id: string
  readonly seed: number
}

/** The end of the segment before this one, in the same run. */
export interface Previous {
  readonly segment: number
  /** `seq` of its last entry. */
  readonly seq: number
  readonly chain: string
}

/** Why entries are in no segment, or why the state starts afresh. */
export type BreakReason = "disk" | "slow" | "core-restarted"

export interface Header {
  readonly kind: "header"
  readonly format: number
  readonly model: number
  /** Digest of the schema of events. */
  readonly schema: string
  readonly run: string
  readonly segment: number
  readonly seed: number
  /** null: the first segment of its run. */
  readonly previous: Previous | null
  /** Set when the segment does not continue the one before it. */
  readonly after: BreakReason | null
  readonly config: Config
  readonly head: Omit<Snapshot, "upstreams" | "candidates">
  readonly upstreamLines: number
  readonly candidateLines: number
}

export interface UpstreamsLine {
  readonly kind: "upstreams"
  readonly items: ReadonlyArray<Upstream>
}

export interface CandidatesLine {
  readonly kind: "candidates"
  readonly items: ReadonlyArray<Candidate | null>
}

export interface EntryLine extends Entry {
  /** Digest of the decisions on the entry; absent: there were none. */
  readonly decided?: string
  /** Digest of the whole state after the entry, every 1,024 entries. */
  readonly state?: string
}

export interface Footer {
  readonly kind: "footer"
  readonly seq: number
  readonly state: string
}

export interface Gap {
  readonly kind: "gap"
  readonly reason: BreakReason
  /** The entry on which the core failed, as the beginning of its line, and the error. */
  readonly culprit?: { readonly entryBody: string; readonly message: string }
}

export type Line = Header | UpstreamsLine | CandidatesLine | EntryLine | Footer | Gap

/** The name of a segment's file. Numbers start at 1: `00000001.ndjson`. A compressed segment ends in `.ndjson.gz`. */
export function fileName(segment: number): string {
  return `${String(segment).padStart(8, "0")}.ndjson`
}

/** The number in the name of a segment's file; undefined: the name is another file's. */
export function segmentOf(name: string): number | undefined {
  const match = /^(\d{8,})\.ndjson(\.gz)?$/.exec(name)
  return match === null ? undefined : Number(match[1])
}
