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

/** Dial an address and park the socket for a client to come, for at most `parkForMs`. */
export interface DialWarm {
  readonly _tag: "DialWarm"
  readonly worker: number
  readonly warm: number
  readonly candidate: CandidateId
  readonly host: string
  readonly port: number
  readonly timeoutMs: number
  readonly keepAliveMs: number
  readonly parkForMs: number
}

/** Close so many parked sockets of a candidate, the oldest first. */
export interface Retire {
  readonly _tag: "Retire"
  readonly worker: number
  readonly candidate: CandidateId
  readonly count: number
}

/** Ask the resolver for the addresses of a name. */
export interface Resolve {
  readonly _tag: "Resolve"
  readonly worker: number
  readonly resolve: number
  readonly upstream: UpstreamId
  readonly host: string
  readonly timeoutMs: number
}

export type MoveReason =
  | "filled" // a place was free
  | "cheaper" // it costs less than the member it replaced, by the margin
  | "costlier" // one that is cheaper by the margin took its place
  | "shut" // its breaker is open
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

/** A candidate is shut out for a while, or was let in again. */
export interface BreakerOpened {
  readonly _tag: "BreakerOpened"
  readonly upstream: UpstreamId
  readonly candidate: CandidateId
  readonly reason: string
  readonly forMs: number
}
export interface BreakerClosed {
  readonly _tag: "BreakerClosed"
  readonly upstream: UpstreamId
  readonly candidate: CandidateId
}

/** A candidate is passed over from now on, or not any more. */
export interface Suspected {
  readonly _tag: "Suspected"
  readonly upstream: UpstreamId
  readonly candidate: CandidateId
  readonly reason: SuspicionReason
}
export interface Cleared {
  readonly _tag: "Cleared"
  readonly upstream: UpstreamId
  readonly candidate: CandidateId
}
export type SuspicionReason = "pending" | "silent" | "reset" | "parked-reset"

/** The list of an upstream's candidates changed. */
export interface MembershipChanged {
  readonly _tag: "MembershipChanged"
  readonly upstream: UpstreamId
  readonly joined: ReadonlyArray<CandidateId>
  readonly left: ReadonlyArray<CandidateId>
}

export type Act = Probe | DialWarm | Retire | Resolve
export type Fact = SelectionMoved | BreakerOpened | BreakerClosed | Suspected | Cleared | MembershipChanged
export type Decision = Act | Fact
