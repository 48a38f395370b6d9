/**
 * The record on disk, line by line.
 *
 * A segment is NDJSON and needs no other: a `header` with the configuration and the small part of the state, `upstreams` and
 * `candidates` lines with the rest of it (so that no line and no pause grows with the list), then one line an entry, at
 * last a `footer` on a clean close or a `gap` when writing failed. The last field of every line is `chain`: the digest of
 * the line's own bytes before it and of the chain so far, so a changed, missing, added or moved line is found at its place.
 */
import type { Config } from "../core/model/Config.ts"
import type { Candidate } from "../core/model/Candidate.ts"
import type { Entry } from "../core/model/Event.ts"
import type { Upstream } from "../core/model/Upstream.ts"
import type { Snapshot } from "../core/state.ts"

/** What all segments of one process share. */
export interface Run {
  /** Drawn once per process: segments of different runs do not continue one another. */
  readonly id: string
  readonly seed: number
}

/** Where the segment before this one of the same run ended. */
export interface Previous {
  readonly segment: number
  /** Of its last entry. */
  readonly seq: number
  readonly chain: string
}

/** Why a stretch of entries is in no segment, or why the state starts afresh. */
export type BreakReason = "disk" | "slow" | "core-restarted"

export interface Header {
  readonly kind: "header"
  readonly format: number
  readonly model: number
  /** Digest of the event schema. */
  readonly schema: string
  readonly run: string
  readonly segment: number
  readonly seed: number
  /** null: the first of its run. */
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
  /** Digest of what the entry brought about; absent when that was nothing. */
  readonly decided?: string
  /** Digest of the whole state after it, every 1,024 entries. */
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
  /** The entry that the core failed on, as its line would begin, and how it failed. */
  readonly culprit?: { readonly entryBody: string; readonly message: string }
}

export type Line = Header | UpstreamsLine | CandidatesLine | EntryLine | Footer | Gap

/** Segment files are numbered from 1: `00000001.ndjson`, compressed ones end in `.ndjson.gz`. */
export function fileName(segment: number): string {
  return `${String(segment).padStart(8, "0")}.ndjson`
}

/** The number in a segment's file name; undefined for any other file. */
export function segmentOf(name: string): number | undefined {
  const match = /^(\d{8,})\.ndjson(\.gz)?$/.exec(name)
  return match === null ? undefined : Number(match[1])
}
