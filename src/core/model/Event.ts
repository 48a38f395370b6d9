/**
 * Everything that happens outside, as plain data in the past tense. An event carries no clock: its moment is in its entry.
 */
import type { CandidateId, UpstreamId } from "./Candidate.ts"

/** Why a dial or probe failed. `local`: this machine could not even try, which is no evidence about the candidate. */
export type DialFailure = "refused" | "reset" | "timeout" | "unreachable" | "implausible" | "local"

/** How one address of a client's dial plan fared. `cancelled`: another one had won or the client had gone. */
export type AttemptOutcome = "connected" | "cancelled" | DialFailure

export interface Attempt {
  readonly candidate: CandidateId
  readonly outcome: AttemptOutcome
  readonly tookUs: number
}

/** How a session ended. */
export type CloseCause =
  | "done"
  | "client-reset"
  | "upstream-reset"
  | "idle"
  | "half-close-timeout"
  | "stopped"

export interface Started {
  readonly _tag: "Started"
  readonly worker: number
  /** Wall time, in ms since 1970. */
  readonly wallMs: number
}
export interface WallRead {
  readonly _tag: "WallRead"
  readonly worker: number
  readonly wallMs: number
}
export interface Ticked {
  readonly _tag: "Ticked"
  readonly worker: number
}
export interface ProbeSucceeded {
  readonly _tag: "ProbeSucceeded"
  readonly worker: number
  readonly probe: number
  readonly candidate: CandidateId
  readonly tookUs: number
}
export interface ProbeFailed {
  readonly _tag: "ProbeFailed"
  readonly worker: number
  readonly probe: number
  readonly candidate: CandidateId
  readonly tookUs: number
  readonly reason: DialFailure
}
/** A client was connected, or could not be: posted when that is known, never before the first byte may flow. */
export interface ClientAccepted {
  readonly _tag: "ClientAccepted"
  readonly worker: number
  readonly session: number
  readonly listener: string
  readonly upstream: UpstreamId
  /** Version of the routes it was served from. */
  readonly routes: number
  /** The policy's choice; -1 when the last resort chose. */
  readonly chosen: CandidateId
  readonly why: ChoiceReason
  /** Who serves it; -1 when nobody could. */
  readonly candidate: CandidateId
  readonly tried: ReadonlyArray<Attempt>
}
export type ChoiceReason = "only" | "cheapest" | "balanced" | "unranked"

export interface ClientClosed {
  readonly _tag: "ClientClosed"
  readonly worker: number
  readonly session: number
  readonly candidate: CandidateId
  /** Bytes from the client and to the client. */
  readonly bytesUp: number
  readonly bytesDown: number
  /** From accept to the first upstream byte; -1 when there was none. */
  readonly firstByteUs: number
  readonly durationUs: number
  readonly cause: CloseCause
}
/** A data plane died with all its sockets. */
export interface WorkerLost {
  readonly _tag: "WorkerLost"
  readonly worker: number
}

export type Event =
  | Started
  | WallRead
  | Ticked
  | ProbeSucceeded
  | ProbeFailed
  | ClientAccepted
  | ClientClosed
  | WorkerLost

/** An event with its place: `at` is integer microseconds of a monotonic clock since the run's epoch, never going back. */
export interface Entry {
  readonly seq: number
  readonly at: number
  readonly event: Event
}
