/** What the reducers of one step share: the event, the deadlines that came with it, its samples, and the decisions so far. */
import type { CandidateId, UpstreamId } from "./Candidate.ts"
import type { Decision } from "./Decision.ts"
import type { DialFailure, Event } from "./Event.ts"

/** Kinds of deadlines. */
export type DeadlineKind =
  | "evaluate"
  | "round"
  | "expire"
  | "window"
  | "fade"
  | "gate"
  | "trial"
  | "trouble"
  | "clientTrial"
  | "ramp"
  | "pending"
  | "silent"
  | "lapse"
  | "refill"
  | "idle"
  | "forget"
  | "resolve"
  | "stale"
  | "prior"
  | "outage"
  | "pause"
  | "prune"
  | "renew"
  | "relief"

/** A deadline that has come. Its kind tells whether `id` is a candidate or an upstream. */
export interface Due {
  readonly kind: DeadlineKind
  readonly id: number
}

/** What one handshake says about a candidate. */
export interface Sample {
  readonly candidate: CandidateId
  readonly tookMs: number
  /** null: the handshake succeeded. */
  readonly failure: DialFailure | null
  /** The handshake succeeded, and only a repeated SYN explains how late. That is evidence of loss, not of latency. */
  readonly isResent: boolean
  /** The candidate has shown its certificate. */
  readonly verified: boolean
}

export interface Step {
  readonly at: number
  readonly event: Event
  readonly due: ReadonlyArray<Due>
  /**
   * What the event says about candidates. All reducers see the same samples, except those that a local outage or a common cause
   * explains.
   */
  samples: ReadonlyArray<Sample>
  /** Upstreams with changed costs or candidates. Only these are evaluated, and only these get new routes. */
  readonly dirty: Set<UpstreamId>
  /** Upstreams that start a first round of probes: at the start, when they are added, and when they are enabled. */
  readonly started: Set<UpstreamId>
  readonly decisions: Array<Decision>
  /** A candidate joined the queue for a probe. */
  wantsProbes: boolean
  /** The network came back, so each candidate is measured anew. */
  returned: boolean
  /** Upstreams that are out of a common cause. All their other candidates are due for a trial. */
  readonly recovered: Set<UpstreamId>
}
