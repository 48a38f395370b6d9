/**
 * Decisions: the core's answer to an event. An act is an order to the shell, named in the imperative; a fact is for people and
 * meters.
 */
import type { CandidateId, ProbeTarget, Source, UpstreamId } from "./Candidate.ts"
import type { Identity } from "./Config.ts"
import type {
  AutoDisabled,
  AutoEnabled,
  CommonCauseBegan,
  CommonCauseEnded,
  OutageBegan,
  OutageEnded
} from "./OutageFacts.ts"
import type { DialPlan, UpstreamState } from "./Routes.ts"
import type { TlsFact } from "./TlsFacts.ts"
import type { PoolResized, WarmWithheld } from "./WarmPoolFacts.ts"

export type * from "./OutageFacts.ts"
export type * from "./TlsFacts.ts"
export type * from "./WarmPoolFacts.ts"

/**
 * Do one handshake with an address, report the outcome under the number `probe`, and close the connection. With `identity` the
 * address also has to show its certificate, within another `timeoutMs`.
 */
export interface Probe {
  readonly _tag: "Probe"
  readonly worker: number
  readonly probe: number
  readonly candidate: ProbeTarget
  readonly host: string
  readonly port: number
  readonly timeoutMs: number
  readonly identity: Identity | null
  /** The version of the PROXY header that the probe sends; absent: none. */
  readonly header?: "v1" | "v2"
}

/** Dial an address, and keep the socket warm for a client, for `keepForMs` at most. */
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

/** Close `count` warm sockets of a candidate, the oldest first. */
export interface Retire {
  readonly _tag: "Retire"
  readonly worker: number
  readonly candidate: CandidateId
  readonly count: number
}

/** Resolve a name. */
export interface Resolve {
  readonly _tag: "Resolve"
  readonly worker: number
  readonly resolve: number
  readonly upstream: UpstreamId
  readonly host: string
  readonly timeoutMs: number
  /** Addresses that are taken from the answer at most. */
  readonly maxAnswers: number
  /** DNS servers to query; none: the system's resolver. */
  readonly servers: ReadonlyArray<string>
}

/**
 * Dial the addresses of a plan until one answers, and report the outcome of each. The winner's socket waits for the first
 * client as the warm socket with the number `race`.
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

/** Why a candidate entered or left the active set. The subject of each reason is the candidate. */
export type MoveReason =
  | "filled" // the set had room
  | "cheaper" // by the margin cheaper than the member that it replaced
  | "costlier" // replaced by a challenger that is cheaper by the margin
  | "failing" // replaced, and the candidate failed last or is a suspect
  | "shut" // its breaker is open
  | "expired" // no sample for `scoreTtl`
  | "score" // its score is below `minScore`
  | "unmeasured" // no sample yet
  | "left" // no source names it any more
  | "surplus" // the set became smaller
  | "disabled" // Fairlead is off
  | "certificate" // it failed to show the certificate of the upstream's name, or has not been asked for it yet
  | "outage" // a rollback after a local outage or a common cause restored the set

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

/** A breaker opened: the candidate gets no clients until a trial succeeds. */
export interface BreakerOpened {
  readonly _tag: "BreakerOpened"
  readonly upstream: UpstreamId
  readonly candidate: CandidateId
  readonly reason: string
  readonly forMs: number
}
/** A breaker closed: the candidate may serve again. */
export interface BreakerClosed {
  readonly _tag: "BreakerClosed"
  readonly upstream: UpstreamId
  readonly candidate: CandidateId
}

/** A candidate failed to show the certificate of the upstream's name, and had not failed the time before. */
export interface IdentityFailed {
  readonly _tag: "IdentityFailed"
  readonly upstream: UpstreamId
  readonly candidate: CandidateId
}
/** Such a candidate showed it. */
export interface IdentityProven {
  readonly _tag: "IdentityProven"
  readonly upstream: UpstreamId
  readonly candidate: CandidateId
}

/** A candidate became a suspect: clients go to other candidates first. */
export interface Suspected {
  readonly _tag: "Suspected"
  readonly upstream: UpstreamId
  readonly candidate: CandidateId
  readonly reason: SuspicionReason
}
/** A candidate is no suspect any more. */
export interface Cleared {
  readonly _tag: "Cleared"
  readonly upstream: UpstreamId
  readonly candidate: CandidateId
}
export type SuspicionReason = "pending" | "silent" | "reset" | "unanswered" | "parked-reset"

/** The candidates of an upstream changed. */
export interface MembershipChanged {
  readonly _tag: "MembershipChanged"
  readonly upstream: UpstreamId
  readonly joined: ReadonlyArray<CandidateId>
  readonly left: ReadonlyArray<CandidateId>
}

/** Clients of an upstream are served from another rung of the ladder. */
export interface LadderStepped {
  readonly _tag: "LadderStepped"
  readonly upstream: UpstreamId
  readonly from: UpstreamState
  readonly to: UpstreamState
  readonly reason: LadderReason
}
export type LadderReason =
  | "selected" // a candidate serves
  | "unmeasured" // no candidate has answered yet
  | "expired" // no candidate has had a sample for `scoreTtl`
  | "shut" // every breaker is open but for the panic candidate's, or there is a common cause
  | "empty" // there is no candidate
  | "disabled" // `enabled` is false
  | "bypass" // `bypass` of the upstream is true
  | "removed" // the upstream is not configured any more
  | "certificate" // no candidate could show the certificate of the upstream's name

/** The first round of probes of an upstream began: at the start, when it was added, or when it was enabled. */
export interface PreheatStarted {
  readonly _tag: "PreheatStarted"
  readonly upstream: UpstreamId
  readonly candidates: number
}
/** Each candidate has a sample, or the time of the round is over. */
export interface PreheatCompleted {
  readonly _tag: "PreheatCompleted"
  readonly upstream: UpstreamId
  /** Candidates that answered. */
  readonly reachable: number
  readonly tookUs: number
}

/**
 * An upstream was refreshed. `requested` and `outage`: each candidate waits for a probe, and the name is resolved anew. The
 * other reasons say how a race on first use ended: an address answered (`first-use`), none did, or there was none.
 */
export interface UpstreamRefreshed {
  readonly _tag: "UpstreamRefreshed"
  readonly upstream: UpstreamId
  readonly reason: "requested" | "outage" | "first-use" | "all-failed" | "no-candidates"
}

/** A host on demand is forgotten: there are too many (`limit`), or no client used it (`idle`). */
export interface DomainDropped {
  readonly _tag: "DomainDropped"
  readonly upstream: UpstreamId
  readonly reason: "limit" | "idle"
}

/** A changed configuration is in force. */
export interface ConfigApplied {
  readonly _tag: "ConfigApplied"
}

/** Fairlead was turned on or off. `override` is the operator's wish; null: there is none. */
export interface EnabledChanged {
  readonly _tag: "EnabledChanged"
  readonly enabled: boolean
  readonly override: boolean | null
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
  | TlsFact

/** `access` refused addresses that a source named, or that a name had for clients on the last resort. */
export interface AddressesRefused {
  readonly _tag: "AddressesRefused"
  readonly upstream: UpstreamId
  readonly source: Source | "last-resort"
  /** All of them; `refused` lists the first ones. */
  readonly count: number
  readonly refused: ReadonlyArray<Refusal>
}
export interface Refusal {
  readonly host: string
  readonly list: "allow" | "deny"
  /** The network that denies the address; empty: no network of `allow` contains it. */
  readonly cidr: string
}

export type Decision = Act | Fact
