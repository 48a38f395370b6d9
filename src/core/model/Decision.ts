/** What the core answers: acts for the shell to do, in the imperative, and facts for people and meters. */
import type { CandidateId, UpstreamId } from "./Candidate.ts"

/** Do one handshake with an address, say how it went under this id, and hang up. */
export interface Probe {
  readonly _tag: "Probe"
  readonly worker: number
  readonly probe: number
  readonly candidate: CandidateId
  readonly host: string
  readonly port: number
  readonly timeoutMs: number
}

export type MoveReason =
  | "filled" // a place was free
  | "cheaper" // it costs less than the member it replaced
  | "costlier" // a cheaper one took its place
  | "failing" // its last sample failed
  | "expired" // no sample for scoreTtl
  | "score" // below minScore
  | "unmeasured"
  | "left" // no longer listed

export interface Move {
  readonly candidate: CandidateId
  readonly into: boolean
  readonly reason: MoveReason
  readonly costMs: number
}

/** The active set of an upstream changed. */
export interface SelectionMoved {
  readonly _tag: "SelectionMoved"
  readonly upstream: UpstreamId
  readonly members: ReadonlyArray<CandidateId>
  readonly moves: ReadonlyArray<Move>
}

export type Act = Probe
export type Fact = SelectionMoved
export type Decision = Act | Fact
