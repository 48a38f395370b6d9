/**
 * Everything that happens outside, as plain data in the past tense. An event carries no clock: its moment is in its entry.
 */
import type { CandidateId, UpstreamId } from "./Candidate.ts"
import type { Config } from "./Config.ts"
import type { HistoryRecord } from "./History.ts"
import type { Family } from "./Outage.ts"

/**
 * Why a dial or probe failed. `local`: this machine could not even try, which is no evidence about the candidate. `certificate`: it
 * was connected, and could not show the certificate of the upstream's name in time.
 */
export type DialFailure = "refused" | "reset" | "timeout" | "unreachable" | "implausible" | "local" | "certificate"

/**
 * How one address of a client's dial plan fared. `cancelled`: another one had won or the client had gone. `unresolved`: the
 * name has no addresses, or none that had not been tried before. `denied`: a name's address that `access` does not admit; it was
 * not dialled.
 */
export type AttemptOutcome = "connected" | "cancelled" | "unresolved" | DialFailure | "denied"

/** Who serves a client whose address is no candidate: the system's resolver gave it. */
export const STRANGER: CandidateId = -2

export interface Attempt {
  /** -1: an address that is no candidate, or the resolving of a name. */
  readonly candidate: CandidateId
  /** The address or name, where it is no candidate. */
  readonly host?: string
  readonly outcome: AttemptOutcome
  readonly tookUs: number
  /** It has shown the certificate that its attempt asked for. */
  readonly verified?: true
}

/** How a session ended. */
export type CloseCause =
  | "done"
  | "client-reset"
  | "upstream-reset"
  /** It ended politely, but without one byte of its own after client bytes. */
  | "upstream-closed"
  /** All that the upstream said was an alert of TLS, whoever ended it then: that is no answer, and no byte in the sense of `firstByteUs`. */
  | "upstream-alert"
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
  /** Of the handshake of TCP alone. */
  readonly tookUs: number
  /** Whether it was asked for its certificate, and has shown it. */
  readonly identity: "verified" | "unchecked"
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
  /** Who serves it; -1 when nobody could, -2 when it is an address that is no candidate. */
  readonly candidate: CandidateId
  /** The warm socket it took; 0 when it was dialled. */
  readonly warm: number
  /** A number for the client's address, the same as long as the shell remembers it; 0: nobody asked. */
  readonly client: number
  readonly tried: ReadonlyArray<Attempt>
}
export type ChoiceReason = "only" | "cheapest" | "balanced" | "unranked"

export interface ClientClosed {
  readonly _tag: "ClientClosed"
  readonly worker: number
  readonly session: number
  readonly candidate: CandidateId
  readonly client: number
  /** Bytes from the client and to the client. */
  readonly bytesUp: number
  readonly bytesDown: number
  /** From accept to the first upstream byte; -1 when there was none. */
  readonly firstByteUs: number
  /** From the last client byte before it to the first upstream byte; -1 when one is missing or the upstream spoke first. */
  readonly answerUs: number
  readonly durationUs: number
  /** What was last told of it while it waited for its first upstream byte; `none` once that came. */
  readonly silence: "none" | "silent" | "stalled"
  readonly cause: CloseCause
}
/** A dial made for a client is pending for longer than its plan's `suspectAfterMs`. */
export interface DialPending {
  readonly _tag: "DialPending"
  readonly worker: number
  readonly candidate: CandidateId
  readonly pendingUs: number
}
/** A session waits for its first upstream byte for longer than its routes' `silentAfterMs` since its client's last byte can have left. */
export interface SessionSilent {
  readonly _tag: "SessionSilent"
  readonly worker: number
  readonly session: number
  readonly candidate: CandidateId
  readonly waitedUs: number
}
/** A session that was told silent waits no more: it got its first upstream byte, or what its client sends moves again. */
export interface SessionSpoke {
  readonly _tag: "SessionSpoke"
  readonly worker: number
  readonly session: number
  readonly candidate: CandidateId
  /** The client went on sending, or the upstream took more of it; without it: the upstream answered. */
  readonly side?: "client"
}
/** A session was silent for `session.stall`. */
export interface SessionStalled {
  readonly _tag: "SessionStalled"
  readonly worker: number
  readonly session: number
  readonly candidate: CandidateId
  readonly client: number
}
export interface WarmConnected {
  readonly _tag: "WarmConnected"
  readonly worker: number
  readonly warm: number
  readonly candidate: CandidateId
  readonly tookUs: number
}
export interface WarmFailed {
  readonly _tag: "WarmFailed"
  readonly worker: number
  readonly warm: number
  readonly candidate: CandidateId
  readonly tookUs: number
  readonly reason: DialFailure
}
/** Why a parked socket is gone without having served. */
export type WarmLoss = "closed" | "reset" | "expired" | "drained"

export interface WarmLost {
  readonly _tag: "WarmLost"
  readonly worker: number
  readonly warm: number
  readonly candidate: CandidateId
  readonly reason: WarmLoss
  readonly ageUs: number
}
export interface Resolved {
  readonly _tag: "Resolved"
  readonly worker: number
  readonly resolve: number
  readonly upstream: UpstreamId
  /** Literals, as the resolver ordered them. */
  readonly addresses: ReadonlyArray<string>
  /** How many more there were, beyond `maxAnswers` or not to be dialled at all. */
  readonly omitted: number
  /** Questions to which a server gave no answer in time, or none at all. */
  readonly silent: number
  /** What is known while questions are open: more of it comes under the same id, and then the whole answer, without this. */
  readonly more?: true
}
export interface ResolveFailed {
  readonly _tag: "ResolveFailed"
  readonly worker: number
  readonly resolve: number
  readonly upstream: UpstreamId
  /** The resolver's code, such as ENOTFOUND, or timeout. */
  readonly reason: string
}
/** A data plane died with all its sockets. */
export interface WorkerLost {
  readonly _tag: "WorkerLost"
  readonly worker: number
}
/** The configuration was read anew and is good; without secrets. The core arranges it so that names keep their places. */
export interface ConfigChanged {
  readonly _tag: "ConfigChanged"
  readonly worker: number
  readonly config: Config
}
/** An operator turns the whole thing off or on until restart or reload; null takes that back. */
export interface EnabledOverridden {
  readonly _tag: "EnabledOverridden"
  readonly worker: number
  readonly enabled: boolean | null
}
/** An operator wants everything measured and resolved anew. */
export interface RefreshRequested {
  readonly _tag: "RefreshRequested"
  readonly worker: number
  /** -1: all. */
  readonly upstream: UpstreamId
}
/** What earlier runs left: once, right after the start, where there is something. */
export interface HistoryLoaded {
  readonly _tag: "HistoryLoaded"
  readonly worker: number
  /** Where this machine is now, as records tell it; empty: nobody knows. */
  readonly network: string
  readonly records: ReadonlyArray<HistoryRecord>
}
/** The addresses that the machine has are others than before, or are looked at for the first time. */
export interface InterfacesChanged {
  readonly _tag: "InterfacesChanged"
  readonly worker: number
  /** Of those that lead off the machine; none: no interface is usable. */
  readonly families: ReadonlyArray<Family>
}
/** A client came for whom nobody is known who serves it. */
export interface DomainRequested {
  readonly _tag: "DomainRequested"
  readonly worker: number
  /** -1: whoever has this host and port, which nobody had in the routes. */
  readonly upstream: UpstreamId
  /** Empty where the upstream is told. */
  readonly host: string
  readonly port: number
}
/** The first of several addresses has answered and waits on the shelf under the race's number, or none has. */
export interface Raced {
  readonly _tag: "Raced"
  readonly worker: number
  readonly race: number
  readonly upstream: UpstreamId
  /** The winner; -1: none. */
  readonly candidate: CandidateId
  readonly tried: ReadonlyArray<Attempt>
  readonly tookUs: number
}
/** What an operator may ask for. */
export type ControlEvent = ConfigChanged | EnabledOverridden | RefreshRequested

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

/** An event with its place: `at` is integer microseconds of a monotonic clock since the run's epoch, never going back. */
export interface Entry {
  readonly seq: number
  readonly at: number
  readonly event: Event
}
