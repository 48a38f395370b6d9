/** What clients need, as one immutable value that is published whole. */
import type { CandidateId, UpstreamId } from "./Candidate.ts"
import type { Access, Affinity, BalancingPolicy, Identity, Session } from "./Config.ts"

/** What the data plane knows of a configuration: the types of values that routes carry. */
export type { Address, Identity, Session } from "./Config.ts"

export interface DialAttempt {
  /** -1 where `host` is a name. */
  readonly candidate: CandidateId
  readonly host: string
  readonly port: number
  /** Not before this long after the start of the plan, unless all earlier attempts have failed. */
  readonly startAfterMs: number
  readonly timeoutMs: number
  /** Pending for longer than this makes the candidate suspect: tell the core. */
  readonly suspectAfterMs: number
  /** Set where `host` is a name: ask for its addresses, then dial those that were not tried yet in its place. */
  readonly resolve?: ResolveLimits
  /** Set where nobody knows yet who that is: it has to prove it before it may serve. Of a name: each of its addresses. */
  readonly verify?: Identity
}

export interface ResolveLimits {
  /** For the resolver's answer; `timeoutMs` is for each address. */
  readonly timeoutMs: number
  /** Between the addresses. */
  readonly raceDelayMs: number
  /** How many of them are tried. */
  readonly most: number
  /** How many are taken from the answer. */
  readonly maxAnswers: number
  /** Who is asked; none: the system's resolver. */
  readonly servers: ReadonlyArray<string>
  /** Which of them may be dialled. */
  readonly access: Access
  /** Addresses that are known to be somebody else: not to be dialled. Left out when there are none. */
  readonly avoid?: ReadonlyArray<string>
}

/** To be run blindly: in order, each at its offset or as soon as all before it have failed, until one connects. */
export interface DialPlan {
  readonly attempts: ReadonlyArray<DialAttempt>
  /** All of it together. */
  readonly deadlineMs: number
}

export interface Member {
  readonly candidate: CandidateId
  /** Expected time to first byte with a warm socket, and when it must be dialled. */
  readonly warmMs: number
  readonly dialMs: number
  /** From 0 to 1: the share of clients it may get while it ramps up after its breaker closed. */
  readonly slowStartWeight: number
  /** This member first, then what comes after it. */
  readonly plan: DialPlan
}

/**
 * Who serves: the set or the best outside it, or a rung of the ladder (see ladder.ts). `disabled` is the last rung by the
 * operator's wish.
 */
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
  /** For when there is no member. */
  readonly lastResort: DialPlan
  readonly session: Session
  /** Silence after client bytes that makes a candidate suspect: tell the core. */
  readonly silentAfterMs: number
  /** What clients ask for to get here, `host:port`; empty: it has no name. */
  readonly domain: string
  /** Nobody is known who serves: say that somebody came, and wait a little for the routes in which this is not set. */
  readonly needsDiscovery: boolean
}

export interface Routes {
  /** Grows by one with each change. */
  readonly version: number
  readonly upstreams: ReadonlyArray<UpstreamRoutes>
}
