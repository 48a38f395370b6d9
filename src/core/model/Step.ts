/** What the reducers of one step share: the entry, what fell due with it, its samples, what was decided, and what they request. */
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
  readonly samples: ReadonlyArray<Sample>
  /** Only requests.ts writes them, and only step.ts reads them. */
  readonly requests: Requests
}

/** What reducers want later ones to do: see requests.ts. */
export interface Requests {
  /** The number of the phase that runs now. */
  phase: number
  readonly decisions: Array<Decision>
  /** Upstreams whose costs or membership changed: only these are evaluated and routed anew. */
  readonly dirty: Set<UpstreamId>
  /** Upstreams whose first round of probes begins. */
  started: ReadonlySet<UpstreamId>
  /** Upstreams of which all candidates but one are due for a trial. */
  recovered: ReadonlySet<UpstreamId>
  /** Whether a candidate joined the queue for probes. */
  probes: boolean
  /** Whether this machine's network came back: all candidates are measured anew. */
  returned: boolean
  /** The first request that came after its phase, in words: a fault of the core; null: none did. */
  late: string | null
}

/** What the reducers that probe are asked for. */
export type ProbeRequests = Readonly<Pick<Requests, "dirty" | "started" | "recovered" | "probes" | "returned">>
