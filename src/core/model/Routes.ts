/**
 * Routes: all that a client needs to be served. The core publishes them as one immutable value, and clients read the last one.
 */
import type { CandidateId, Endpoint, UpstreamId } from "./Candidate.ts"
import type { Access, Affinity, BalancingPolicy, Identity, Session } from "./Config.ts"

/** What the data plane knows of a configuration: the types of values that routes carry. */
export type { Access, Address, Identity, Network, Session } from "./Config.ts"

/** One attempt of a dial plan. */
export interface DialAttempt {
  /** `system`: `host` is a name, or a system address that a name led to. */
  readonly candidate: Endpoint
  readonly host: string
  readonly port: number
  /** Earliest beginning after the start of the plan. The attempt begins earlier when all before it have failed. */
  readonly startAfterMs: number
  readonly timeoutMs: number
  /** A handshake pending for longer than this makes a suspect of the candidate. The shell reports it (`DialPending`). */
  readonly suspectAfterMs: number
  /** Set where `host` is a name: the shell resolves it, and dials those of its addresses that the plan has not tried yet. */
  readonly resolve?: ResolveLimits
  /** Set where the address has not proven its identity: it has to before it serves. Of a name: each of its addresses. */
  readonly verify?: Identity
}

/** How a name in a plan is resolved, and how its addresses are dialled. */
export interface ResolveLimits {
  /** For the answer of the resolver. `timeoutMs` of the attempt is for each address. */
  readonly timeoutMs: number
  /** Between the beginnings of two attempts. */
  readonly raceDelayMs: number
  /** Addresses that are tried at most. */
  readonly most: number
  /** Addresses that are taken from the answer at most. */
  readonly maxAnswers: number
  /** DNS servers to query; none: the system's resolver. */
  readonly servers: ReadonlyArray<string>
  /** The addresses that may be dialled. */
  readonly access: Access
  /** Addresses that failed to prove their identity: not to be dialled. Absent where there are none. */
  readonly avoid?: ReadonlyArray<string>
}

/**
 * A dial plan. The shell runs it without a decision of its own: attempts in order, each at its offset or when all before it
 * have failed, until one connects.
 */
export interface DialPlan {
  readonly attempts: ReadonlyArray<DialAttempt>
  /** For all attempts together. */
  readonly deadlineMs: number
}

/** A candidate that clients can be sent to. */
export interface Member {
  readonly candidate: CandidateId
  /** Expected time to the first byte with a warm socket. */
  readonly warmMs: number
  /** Expected time to the first byte with a new dial. */
  readonly dialMs: number
  /** The share of clients that the member may get while it ramps up after its breaker closed, from 0 to 1. */
  readonly slowStartWeight: number
  /** This member first, then the attempts after it. */
  readonly plan: DialPlan
}

/** The rung of the ladder that clients are served from (ladder.ts). `disabled` is the last rung by the operator's wish. */
export type UpstreamState = "active" | "stale" | "fallback" | "system" | "unranked" | "disabled"

export interface UpstreamRoutes {
  readonly id: UpstreamId
  readonly name: string
  readonly state: UpstreamState
  readonly members: ReadonlyArray<Member>
  readonly policy: BalancingPolicy
  readonly affinity: Affinity
  readonly toleranceMs: number
  readonly tolerancePercent: number
  /** The plan for clients when there is no member. */
  readonly lastResort: DialPlan
  readonly session: Session
  /** Silence after client bytes that makes a suspect of a candidate. The shell reports it (`SessionSilent`). */
  readonly silentAfterMs: number
  /** `host:port` by which a client can ask for this upstream; empty: it has no host. */
  readonly domain: string
  /**
   * No candidate is known to serve. The shell reports the client (`DomainRequested`), and the client waits a while for routes
   * without this.
   */
  readonly needsDiscovery: boolean
  /** For how long at most an HTTP connection may have been idle to be used again. */
  readonly reuseWithinMs: number
}

export interface Routes {
  /** It grows by one with each change. */
  readonly version: number
  readonly upstreams: ReadonlyArray<UpstreamRoutes>
}
