/** What the reducers of one step share: the event, the deadlines that came with it, its samples, the decisions so far, and requests. */
import type { CandidateId, UpstreamId } from "./Candidate.ts"
import type { Due } from "./Deadline.ts"
import type { Decision } from "./Decision.ts"
import type { DialFailure, Event } from "./Event.ts"

/** What one handshake says about a candidate. */
export interface Sample {
  readonly candidate: CandidateId
  readonly tookMs: number
  /** null: the handshake succeeded. */
  readonly failure: DialFailure | null
  /** The handshake succeeded, and only a repeated SYN explains how late. That is evidence of loss, not of latency. */
  readonly isResent: boolean
  /** The handshake succeeded after its time limit: this process was late. It proves life, and no latency. */
  readonly isLate: boolean
  /** The candidate has shown its certificate. */
  readonly verified: boolean
}

export interface Step {
  readonly at: number
  readonly event: Event
  readonly due: ReadonlyArray<Due>
  /** What the event says about candidates, judged before any reducer learned from it; without what an outage explains. */
  samples: ReadonlyArray<Sample>
  /** Only requests.ts writes them, and only step.ts and stages.ts read them. */
  readonly requests: Requests
}

/** What reducers want later ones to do: see requests.ts. */
export interface Requests {
  /** The number of the phase that runs now. */
  phase: number
  readonly decisions: Array<Decision>
  /** Upstreams with changed costs or candidates. Only these are evaluated, and only these get new routes. */
  readonly dirty: Set<UpstreamId>
  /** Upstreams that start a first round of probes. */
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
