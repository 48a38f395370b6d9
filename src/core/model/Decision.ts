/** What the core answers: acts for the shell to do, in the imperative, and facts for people and meters. */
import type { CandidateId, Source, UpstreamId } from "./Candidate.ts"
import type { Identity } from "./Config.ts"
import type { OutageReason } from "./Outage.ts"
import type { DialPlan, UpstreamState } from "./Routes.ts"
import type { PoolResized, WarmWithheld } from "./WarmPoolFacts.ts"

export type { PoolResized, WarmWithheld } from "./WarmPoolFacts.ts"

/**
 * Do one handshake with an address, say how it went under this id, and hang up. With `identity` it also has to show its
 * certificate, within `timeoutMs` once more.
 */
export interface Probe {
  readonly _tag: "Probe"
  readonly worker: number
  readonly probe: number
  /** Below 0: a reference, see ProbeInFlight. */
  readonly candidate: CandidateId
  readonly host: string
  readonly port: number
  readonly timeoutMs: number
  readonly identity: Identity | null
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
  readonly keepForMs: number
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
  /** Addresses that are taken from the answer. */
  readonly maxAnswers: number
  /** Whom to ask; none: the system's resolver. */
  readonly servers: ReadonlyArray<string>
}

/**
 * Dial the addresses of a plan until one answers, park the winner's socket for the first client under the race's number (which is
 * the number of a warm socket), and say how each fared.
 */
export interface Race {
  readonly _tag: "Race"
  readonly worker: number
  readonly race: number
  readonly upstream: UpstreamId
  readonly plan: DialPlan
  readonly keepAliveMs: number
  readonly keepForMs: number
}

export type MoveReason =
  | "filled" // a place was free
  | "cheaper" // it costs less than the member it replaced, by the margin
  | "costlier" // one that is cheaper by the margin took its place
  | "failing" // the same, of a member that failed last or is a suspect
  | "shut" // its breaker is open
  | "expired" // no sample for scoreTtl
  | "score" // below minScore
  | "unmeasured"
  | "left" // no longer listed
  | "surplus" // the set became smaller
  | "disabled" // there is no opinion any more
  | "certificate" // it could not show the certificate of the upstream's name, or was not asked yet
  | "outage" // what happened since the network went down is taken back

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

/** A candidate could not show the certificate of the upstream's name, though it was not known to fail; or it can again. */
export interface IdentityFailed {
  readonly _tag: "IdentityFailed"
  readonly upstream: UpstreamId
  readonly candidate: CandidateId
}
export interface IdentityProven {
  readonly _tag: "IdentityProven"
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
export type SuspicionReason = "pending" | "silent" | "reset" | "unanswered" | "parked-reset"

/** The list of an upstream's candidates changed. */
export interface MembershipChanged {
  readonly _tag: "MembershipChanged"
  readonly upstream: UpstreamId
  readonly joined: ReadonlyArray<CandidateId>
  readonly left: ReadonlyArray<CandidateId>
}

/** Clients are served from another rung of the ladder from now on. */
export interface LadderStepped {
  readonly _tag: "LadderStepped"
  readonly upstream: UpstreamId
  readonly from: UpstreamState
  readonly to: UpstreamState
  readonly reason: LadderReason
}
export type LadderReason =
  | "selected" // somebody serves
  | "unmeasured" // nobody has answered yet
  | "expired" // nobody has been heard of for scoreTtl
  | "shut" // every breaker is open, but for the one that is kept, or all candidates fail together
  | "empty" // there is no candidate
  | "disabled" // enabled is false
  | "bypass" // the upstream's own
  | "removed" // it is configured no more
  | "certificate" // nobody could show the certificate of the upstream's name

/** The first round of probes of an upstream: it begins at start, when it is added, and when it is enabled. */
export interface PreheatStarted {
  readonly _tag: "PreheatStarted"
  readonly upstream: UpstreamId
  readonly candidates: number
}
/** Everybody was heard of, or the round's time is over. */
export interface PreheatCompleted {
  readonly _tag: "PreheatCompleted"
  readonly upstream: UpstreamId
  /** Candidates that answered. */
  readonly reachable: number
  readonly tookUs: number
}

/**
 * `requested`: everybody waits for a probe and the resolver is asked. The others tell how a sampling on first use ended: somebody
 * answered, nobody did, or there was nobody to ask.
 */
export interface UpstreamRefreshed {
  readonly _tag: "UpstreamRefreshed"
  readonly upstream: UpstreamId
  readonly reason: "requested" | "outage" | "first-use" | "all-failed" | "no-candidates"
}

/** A name that a client had asked for is forgotten: there was no room for it, or no client used it. */
export interface DomainDropped {
  readonly _tag: "DomainDropped"
  readonly upstream: UpstreamId
  readonly reason: "limit" | "idle"
}

/** A changed configuration is in force. */
export interface ConfigApplied {
  readonly _tag: "ConfigApplied"
}

/** Whether there is an opinion at all; `override` is the operator's wish, null when there is none. */
export interface EnabledChanged {
  readonly _tag: "EnabledChanged"
  readonly enabled: boolean
  readonly override: boolean | null
}

/** This machine's own network is down: what failed since is taken back, and nobody is judged. */
export interface OutageBegan {
  readonly _tag: "OutageBegan"
  readonly reason: OutageReason
}
/** Somebody answered again. */
export interface OutageEnded {
  readonly _tag: "OutageEnded"
  readonly reason: OutageReason
  readonly tookUs: number
}

/** All candidates of an upstream that could serve have failed: what their failures changed is rolled back. */
export interface CommonCauseBegan {
  readonly _tag: "CommonCauseBegan"
  readonly upstream: UpstreamId
  readonly candidates: number
}
/** The first of them answered again. */
export interface CommonCauseEnded {
  readonly _tag: "CommonCauseEnded"
  readonly upstream: UpstreamId
  readonly tookUs: number
}

/** Everybody failed for several rounds: there is no opinion for a while. */
export interface AutoDisabled {
  readonly _tag: "AutoDisabled"
  readonly rounds: number
  readonly forMs: number
}
export interface AutoEnabled {
  readonly _tag: "AutoEnabled"
  readonly reason: "cooldown" | "operator" | "reload" | "answered"
}

export type Act = Probe | DialWarm | Retire | Resolve | Race
export type Fact =
  | SelectionMoved
  | BreakerOpened
  | BreakerClosed
  | Suspected
  | Cleared
  | MembershipChanged
  | LadderStepped
  | PreheatStarted
  | PreheatCompleted
  | UpstreamRefreshed
  | PoolResized
  | WarmWithheld
  | ConfigApplied
  | EnabledChanged
  | AddressesRefused
  | IdentityFailed
  | IdentityProven
  | OutageBegan
  | OutageEnded
  | CommonCauseBegan
  | CommonCauseEnded
  | AutoDisabled
  | AutoEnabled
  | DomainDropped

/** Addresses that a source named, or that a name had for clients, are kept out by `access`. */
export interface AddressesRefused {
  readonly _tag: "AddressesRefused"
  readonly upstream: UpstreamId
  readonly source: Source | "last-resort"
  /** How many; the first of them are named. */
  readonly count: number
  readonly refused: ReadonlyArray<Refusal>
}
export interface Refusal {
  readonly host: string
  readonly list: "allow" | "deny"
  /** The network that denies it; empty where no network of `allow` has it. */
  readonly cidr: string
}

export type Decision = Act | Fact
