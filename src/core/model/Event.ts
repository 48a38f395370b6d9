/**
 * Events: what happened outside the core, as plain data, each named in the past tense. An event carries no time of its own: the
 * entry around it does.
 */
import type { Attempt, DialFailure } from "./Attempt.ts"
import type { CandidateId, Endpoint, ProbeTarget, UpstreamId } from "./Candidate.ts"
import type { Config } from "./Config.ts"
import type { HistoryRecord } from "./History.ts"
import type { Family } from "./Outage.ts"

export type { Attempt, AttemptOutcome, DialFailure } from "./Attempt.ts"

/**
 * How a session ended. `upstream-closed`: the upstream ended it in order, without one byte after client bytes.
 * `upstream-alert`: all that the upstream sent was an alert of TLS, which counts neither as an answer nor as a byte in
 * `firstByteUs`.
 */
export type CloseCause =
  | "done"
  | "client-reset"
  | "upstream-reset"
  | "upstream-closed"
  | "upstream-alert"
  | "idle"
  | "half-close-timeout"
  | "stopped"

/** The core started. It is the first event of a run. */
export interface Started {
  readonly _tag: "Started"
  readonly worker: number
  /** Wall time, in ms since 1970. */
  readonly wallMs: number
}
/** The shell read the wall clock. The core learns from it how old its history is. */
export interface WallRead {
  readonly _tag: "WallRead"
  readonly worker: number
  readonly wallMs: number
}
/** A deadline of the core has come. */
export interface Ticked {
  readonly _tag: "Ticked"
  readonly worker: number
}
/** A probe succeeded. */
export interface ProbeSucceeded {
  readonly _tag: "ProbeSucceeded"
  readonly worker: number
  readonly probe: number
  readonly candidate: ProbeTarget
  /** Time of the TCP handshake alone. */
  readonly tookUs: number
  /** Whether the probe asked for the certificate of the upstream's name, and got it. */
  readonly identity: "verified" | "unchecked"
}
/** A probe failed. */
export interface ProbeFailed {
  readonly _tag: "ProbeFailed"
  readonly worker: number
  readonly probe: number
  readonly candidate: ProbeTarget
  readonly tookUs: number
  readonly reason: DialFailure
}
/** A client was connected, or could not be. The shell posts this once bytes may flow, so that no byte waits for it. */
export interface ClientAccepted {
  readonly _tag: "ClientAccepted"
  readonly worker: number
  readonly session: number
  readonly listener: string
  readonly upstream: UpstreamId
  /** Version of the routes that the client was served from. */
  readonly routes: number
  /** The candidate that the policy chose. `none`: the last resort chose. */
  readonly chosen: CandidateId | "none"
  readonly why: ChoiceReason
  /** The candidate that serves the client. `system`: a system address does. `none`: no address could be reached. */
  readonly candidate: Endpoint | "none"
  /** Id of the warm socket that the client took; 0: its socket was dialled. */
  readonly warm: number
  /** A number for the client's address, the same while the shell remembers the address; 0: the shell did not need it. */
  readonly client: number
  readonly tried: ReadonlyArray<Attempt>
}
export type ChoiceReason = "only" | "cheapest" | "balanced" | "unranked"

/** A session ended. */
export interface ClientClosed {
  readonly _tag: "ClientClosed"
  readonly worker: number
  readonly session: number
  readonly candidate: Endpoint
  readonly client: number
  /** Bytes from the client. */
  readonly bytesUp: number
  /** Bytes to the client. */
  readonly bytesDown: number
  /** From accept to the first upstream byte; -1: there was none. */
  readonly firstByteUs: number
  /**
   * From the client's last byte before the first upstream byte to that byte; -1: one of them is missing, or the upstream spoke
   * first.
   */
  readonly answerUs: number
  readonly durationUs: number
  /**
   * The last report about the session's silence before its first upstream byte; `none`: that byte came, or there was no report.
   */
  readonly silence: "none" | "silent" | "stalled"
  readonly cause: CloseCause
}
/** A dial for a client is pending for longer than `suspectAfterMs` of its plan. */
export interface DialPending {
  readonly _tag: "DialPending"
  readonly worker: number
  readonly candidate: CandidateId
  readonly pendingUs: number
}
/**
 * A session has waited for its first upstream byte for longer than `silentAfterMs` of its routes. The wait begins when the
 * client's last byte can have left this machine.
 */
export interface SessionSilent {
  readonly _tag: "SessionSilent"
  readonly worker: number
  readonly session: number
  readonly candidate: Endpoint
  readonly waitedUs: number
}
/** The silence of a session that was reported is over: its first upstream byte came, or the client's bytes move again. */
export interface SessionSpoke {
  readonly _tag: "SessionSpoke"
  readonly worker: number
  readonly session: number
  readonly candidate: Endpoint
  /** `client`: the client went on sending, or the upstream took more of its bytes. Absent: the upstream answered. */
  readonly side?: "client"
}
/** A session was silent for `session.stall`. */
export interface SessionStalled {
  readonly _tag: "SessionStalled"
  readonly worker: number
  readonly session: number
  readonly candidate: Endpoint
  readonly client: number
}
/** The dial of a warm socket succeeded. The socket waits for a client. */
export interface WarmConnected {
  readonly _tag: "WarmConnected"
  readonly worker: number
  readonly warm: number
  readonly candidate: CandidateId
  readonly tookUs: number
}
/** The dial of a warm socket failed. */
export interface WarmFailed {
  readonly _tag: "WarmFailed"
  readonly worker: number
  readonly warm: number
  readonly candidate: CandidateId
  readonly tookUs: number
  readonly reason: DialFailure
}
/** Why a warm socket is gone without having served a client. */
export type WarmLoss = "closed" | "reset" | "expired" | "drained"

/** A warm socket is gone without having served a client. */
export interface WarmLost {
  readonly _tag: "WarmLost"
  readonly worker: number
  readonly warm: number
  readonly candidate: CandidateId
  readonly reason: WarmLoss
  readonly ageUs: number
}
/** The resolver answered. */
export interface Resolved {
  readonly _tag: "Resolved"
  readonly worker: number
  readonly resolve: number
  readonly upstream: UpstreamId
  /** IP literals in the resolver's order. */
  readonly addresses: ReadonlyArray<string>
  /** Addresses left out: those beyond `maxAnswers`, and those that cannot be dialled. */
  readonly omitted: number
  /** Queries of this resolution that got no answer in time. */
  readonly silent: number
  /**
   * true: a part of the answer, while other queries are open. Further parts follow under the same id, then the whole answer
   * without this field.
   */
  readonly more?: true
}
/** The resolver found no addresses. */
export interface ResolveFailed {
  readonly _tag: "ResolveFailed"
  readonly worker: number
  readonly resolve: number
  readonly upstream: UpstreamId
  /** The resolver's code, such as ENOTFOUND, or `timeout`. */
  readonly reason: string
}
/** A worker died with all its sockets. */
export interface WorkerLost {
  readonly _tag: "WorkerLost"
  readonly worker: number
}
/** A changed configuration passed all checks. It holds no secrets. The core arranges it so that upstreams keep their slots (arrange.ts). */
export interface ConfigChanged {
  readonly _tag: "ConfigChanged"
  readonly worker: number
  readonly config: Config
}
/** An operator turns Fairlead off or on until a restart or reload; null ends that. */
export interface EnabledOverridden {
  readonly _tag: "EnabledOverridden"
  readonly worker: number
  readonly enabled: boolean | null
}
/** An operator wants an upstream resolved and measured anew. */
export interface RefreshRequested {
  readonly _tag: "RefreshRequested"
  readonly worker: number
  /** `all`: all upstreams that are live. */
  readonly upstream: UpstreamId | "all"
}
/** What earlier runs measured. It comes once, right after the start, unless there is nothing. */
export interface HistoryLoaded {
  readonly _tag: "HistoryLoaded"
  readonly worker: number
  /** The network that this machine is in now, written as in the records; empty: not known. */
  readonly network: string
  readonly records: ReadonlyArray<HistoryRecord>
}
/** The addresses of this machine changed, or were read for the first time. */
export interface InterfacesChanged {
  readonly _tag: "InterfacesChanged"
  readonly worker: number
  /** Families of the addresses that lead off the machine; none: no interface is usable. */
  readonly families: ReadonlyArray<Family>
}
/** A client wants a host that no candidate is known to serve. */
export interface DomainRequested {
  readonly _tag: "DomainRequested"
  readonly worker: number
  /** `none`: the routes have no upstream with this host and port. */
  readonly upstream: UpstreamId | "none"
  /** Empty where `upstream` names it. */
  readonly host: string
  readonly port: number
}
/** A race is over: its first address that answered waits as the warm socket with the race's number, or none answered. */
export interface Raced {
  readonly _tag: "Raced"
  readonly worker: number
  readonly race: number
  readonly upstream: UpstreamId
  /** The winner. `none`: no address answered. */
  readonly candidate: CandidateId | "none"
  readonly tried: ReadonlyArray<Attempt>
  readonly tookUs: number
}
/** Events that an operator causes. */
export type ControlEvent = ConfigChanged | EnabledOverridden | RefreshRequested

/** All events. */
export type Event =
  | Started
  | WallRead
  | Ticked
  | ProbeSucceeded
  | ProbeFailed
  | ClientAccepted
  | ClientClosed
  | DialPending
  | SessionSilent
  | SessionSpoke
  | SessionStalled
  | WarmConnected
  | WarmFailed
  | WarmLost
  | Resolved
  | ResolveFailed
  | WorkerLost
  | ControlEvent
  | HistoryLoaded
  | InterfacesChanged
  | DomainRequested
  | Raced

/** An event with its number and its moment: `at` is a whole number of µs since the run began. It never goes back. */
export interface Entry {
  readonly seq: number
  readonly at: number
  readonly event: Event
}
