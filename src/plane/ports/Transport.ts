/**
 * Port: everything that carries bytes. The shell sees sockets as opaque values and never a chunk. An adapter relays in
 * native streams. These are callbacks instead of effects, because each of them is between a client and its first byte.
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { CandidateId, Endpoint } from "../../core/model/Candidate.ts"
import type { Address, Identity, Session, UpstreamRoutes } from "../../core/model/Routes.ts"
import type { Attempt, CloseCause, DialFailure } from "../../core/model/Event.ts"
import type { Entry, TurnedAway } from "../Entry.ts"
import type { Target } from "../Target.ts"
import type { BindError } from "./errors.ts"

/** A connection accepted from a client. */
export interface ClientSocket {
  /** Ends it with a reset, because it could not be served. `tried`: what was dialled for it; absent: nothing. */
  readonly resetUnsafe: (tried?: ReadonlyArray<Attempt>) => void
  /** The address that the client comes from, to tell clients apart; empty: it is gone. */
  readonly addressUnsafe: () => string
  /** Tells which candidate serves it, just before the relay begins. Only a client that named its target has this. */
  readonly servedUnsafe?: (by: string) => void
  /** Tells how it was served, just before the relay begins. Only a program has this. */
  readonly reachedUnsafe?: (reached: Reached) => void
}

/** The address that serves a client, and the way to it. */
export interface Reached {
  /** The routes at that moment. */
  readonly routes: UpstreamRoutes
  readonly chosen: CandidateId | "none"
  readonly candidate: Endpoint
  readonly isWarm: boolean
  readonly tried: ReadonlyArray<Attempt>
}

/** A connection to a candidate. Bytes that arrive before the relay wait for the client. */
export interface UpstreamSocket {
  /** Ends it politely. */
  readonly closeUnsafe: () => void
  /** Watches it while it waits for a client. `lost` is called once when it ends or is reset. The relay ends the watch. */
  readonly watchUnsafe: (lost: (reason: "closed" | "reset") => void) => void
  /** Whether it may still serve, as far as can be seen from here. */
  readonly isAliveUnsafe: () => boolean
}

/** Reports about a session that waits for its first upstream byte after its client's last one. */
export interface Silence {
  readonly silentAfterMs: number
  readonly stallMs: number
  /** false: the report was not possible, so its consequences will not be reported either. */
  readonly silent: (waitedUs: number) => boolean
  readonly stalled: () => boolean
  /** It had been reported as silent, and waits no more: it was answered, or its client went on sending. */
  readonly spoke: (side: "upstream" | "client") => void
}

/** Ends what was started, without an answer. It does nothing if that is over already. */
export type Cancel = () => void

export interface RelayEnd {
  readonly cause: CloseCause
  /** Bytes from and to the client. */
  readonly bytesUp: number
  readonly bytesDown: number
  /** When the first upstream byte came, in the time of `nowUs`; -1: none came. */
  readonly firstByteAtUs: number
  /** From the last client byte before it to the first upstream byte; -1: one is missing, or the upstream spoke first. */
  readonly answerUs: number
  /** The last report of its silence; `none` once it spoke. */
  readonly silence: "none" | "silent" | "stalled"
}

export interface Listening {
  /** The address as bound: a real port in place of port 0. */
  readonly address: Address
  /** Accepts no more clients. Existing connections go on. */
  readonly stop: Effect.Effect<void>
  /** Leaves new clients unaccepted in the system's queue until it is resumed; where that cannot be done, nothing happens. */
  readonly pauseUnsafe: () => void
  readonly resumeUnsafe: () => void
}

/** What a handshake does with its client. The client has a limited time until it enters, and again after `nextUnsafe`. */
export interface Door {
  /** The client has named a target, and is served; `ended` is called once when that is over. The cancel resets it. */
  readonly enterUnsafe: (client: ClientSocket, target: Target, ended: () => void) => Cancel
  /** The client may name another target; false: it may not, because no client is served any more, or no rules hold for it. */
  readonly nextUnsafe: () => boolean
  /**
   * The rules that hold for what the client asks now: a reload changes them for clients that stay, too. undefined: it may ask
   * for nothing more.
   */
  readonly entryUnsafe: () => Entry | undefined
  /** The connection is over: call it once. */
  readonly leftUnsafe: (turnedAway?: TurnedAway) => void
}

export class Transport extends Context.Service<Transport, {
  /** Binds an address, and passes each connection on unread. It stops with its scope. */
  readonly listen: (
    name: string,
    address: Address,
    onClient: (client: ClientSocket) => void
  ) => Effect.Effect<Listening, BindError, Scope.Scope>
  /**
   * Dials a literal address. There is exactly one answer, unless it is cancelled before. Keep-alive begins when the
   * connection has waited or served for a second. `header`: a PROXY header of this service itself goes first.
   */
  readonly dialUnsafe: (
    address: Address & { readonly header?: "v1" | "v2" },
    keepAliveMs: number,
    answer: (result: UpstreamSocket | DialFailure) => void
  ) => Cancel
  /**
   * Connects to a literal address, reports the connection, and demands the certificate in a TLS handshake over it. The
   * connection then ends politely. There is exactly one answer, unless it is cancelled before; null: the identity is proven.
   * The caller limits the time. `local`: this process has no certificates for `identity.ca`.
   */
  readonly identifyUnsafe: (
    address: Address,
    identity: Identity,
    connected: () => void,
    answer: (failure: DialFailure | null) => void
  ) => Cancel
  /** Has an unread client name its target, and reports to the door. The cancel stops that and leaves the socket as it is. */
  readonly greetUnsafe: (client: ClientSocket, entry: Entry, door: Door) => Cancel
  /** The addresses of this machine's interfaces. */
  readonly ownAddressesUnsafe: () => ReadonlyArray<string>
  /** Joins the two until both directions have ended; `end` is called once. The cancel resets both sides. */
  readonly relayUnsafe: (
    client: ClientSocket,
    upstream: UpstreamSocket,
    limits: Session,
    silence: Silence,
    end: (end: RelayEnd) => void
  ) => Cancel
  /** Calls back once after `delayMs`. */
  readonly timerUnsafe: (delayMs: number, fire: () => void) => Cancel
  /** The same at less cost, up to a sixteenth of the delay late. It is for limits that are rarely reached. */
  readonly wheelTimerUnsafe: (delayMs: number, fire: () => void) => Cancel
  /** Calls back soon, but after whatever has arrived on sockets meanwhile. */
  readonly soonUnsafe: (run: () => void) => void
  /** Descriptors that may be open at once; infinite where the system gives no limit. */
  readonly descriptorLimitUnsafe: () => number
  /**
   * Whether the system lets this process open at least `count` more descriptors, beside those of clients that cannot be stopped
   * any more.
   */
  readonly hasDescriptorsUnsafe: (count: number) => boolean
  /** Integer microseconds of a monotonic clock. */
  readonly nowUs: () => number
}>()("fairlead/plane/Transport") {}

/** The part of a transport that runs dial plans. */
export type Dialler = Pick<Transport["Service"], "dialUnsafe" | "identifyUnsafe" | "timerUnsafe" | "nowUs">
