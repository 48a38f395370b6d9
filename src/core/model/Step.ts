/** What the reducers of one step share: the entry, what fell due with it, whom it touched, and what was decided so far. */
import type { CandidateId, UpstreamId } from "./Candidate.ts"
import type { Decision } from "./Decision.ts"
import type { DialFailure, Event } from "./Event.ts"

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

export interface Due {
  readonly kind: DeadlineKind
  readonly id: number
}

export interface Sample {
  readonly candidate: CandidateId
  readonly tookMs: number
  /** null: it answered. */
  readonly failure: DialFailure | null
  /** It answered, but only a repeated SYN explains how late: evidence of loss, not of latency. */
  readonly isResent: boolean
  /** It has shown its certificate. */
  readonly verified: boolean
}

export interface Step {
  readonly at: number
  readonly event: Event
  readonly due: ReadonlyArray<Due>
  /** What the event says about candidates, judged before any reducer learned from it; without what an outage explains. */
  samples: ReadonlyArray<Sample>
  /** Upstreams whose costs or membership changed: only these are evaluated and routed anew. */
  readonly dirty: Set<UpstreamId>
  /** Upstreams whose first round of probes begins: at start, when added, when enabled. */
  readonly started: Set<UpstreamId>
  readonly decisions: Array<Decision>
  /** Set when somebody joined the queue for a probe. */
  wantsProbes: boolean
  /** Set when the network came back: everybody is measured anew. */
  returned: boolean
  /** Upstreams whose common cause ended: all their other candidates are due for a trial. */
  readonly recovered: Set<UpstreamId>
}
