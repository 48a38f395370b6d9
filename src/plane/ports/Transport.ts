/**
 * Port: everything that carries bytes. The shell sees sockets as opaque values and never a chunk; an adapter relays in
 * native streams. Callbacks instead of effects, as each of these stands between a client and its first byte.
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Address, Identity, Session } from "../../core/model/Routes.ts"
import type { Attempt, CloseCause, DialFailure } from "../../core/model/Event.ts"
import type { BindError } from "./errors.ts"

/** A connection accepted from a client. */
export interface ClientSocket {
  /** Ends it with a reset: it could not be served. `tried`: what was dialled for it; left out where nothing was. */
  readonly resetUnsafe: (tried?: ReadonlyArray<Attempt>) => void
  /** The address it comes from, for telling clients apart; empty when it is gone. */
  readonly addressUnsafe: () => string
}

/** A connection made to a candidate; bytes it sends before it is relayed are kept for the client. */
export interface UpstreamSocket {
  /** Ends it politely. */
  readonly closeUnsafe: () => void
  /** Watches it while it waits for a client: told once when it ends or is reset. Being relayed ends the watch. */
  readonly watchUnsafe: (lost: (reason: "closed" | "reset") => void) => void
  /** Whether it may still serve, as far as can be seen from here. */
  readonly isAliveUnsafe: () => boolean
}

/** What is told about a session that waits for its first upstream byte after its client's last one. */
export interface Silence {
  readonly silentAfterMs: number
  readonly stallMs: number
  /** False: it could not be told, so nothing that follows from it will be. */
  readonly silent: (waitedUs: number) => boolean
  readonly stalled: () => boolean
  /** It had been told silent, and waits no more: it was answered, or its client went on sending. */
  readonly spoke: (side: "upstream" | "client") => void
}

/** Ends what was begun, without an answer; harmless when it is over already. */
export type Cancel = () => void

export interface RelayEnd {
  readonly cause: CloseCause
  /** From and to the client. */
  readonly bytesUp: number
  readonly bytesDown: number
  /** When the first upstream byte came, as `nowUs` tells it; -1 when none did. */
  readonly firstByteAtUs: number
  /** From the last client byte before it to the first upstream byte; -1 when one is missing or the upstream spoke first. */
  readonly answerUs: number
  /** What was last told of its silence; `none` once it spoke. */
  readonly silence: "none" | "silent" | "stalled"
}

export interface Listening {
  /** As bound: port 0 has become a real one. */
  readonly address: Address
  /** Accepts no client any more; connections that exist are left alone. */
  readonly stop: Effect.Effect<void>
  /** Leaves new clients unaccepted in the system's queue until it is resumed; where that cannot be done, nothing happens. */
  readonly pauseUnsafe: () => void
  readonly resumeUnsafe: () => void
}

export class Transport extends Context.Service<Transport, {
  /** Binds an address; each connection is handed over unread. Stops with its scope. */
  readonly listen: (
    name: string,
    address: Address,
    onClient: (client: ClientSocket) => void
  ) => Effect.Effect<Listening, BindError, Scope.Scope>
  /** Dials a literal address; exactly one answer, unless cancelled before. Keep-alive begins when it has waited or served for a second. */
  readonly dialUnsafe: (
    address: Address,
    keepAliveMs: number,
    answer: (result: UpstreamSocket | DialFailure) => void
  ) => Cancel
  /**
   * Connects to a literal address, tells that it is connected, and has it show its certificate in a TLS handshake over that
   * connection, which then ends politely. Exactly one answer, unless cancelled before: null when the identity is proven. How
   * long that may take is the caller's business; `local`: this process has no certificates for `identity.ca`.
   */
  readonly identifyUnsafe: (
    address: Address,
    identity: Identity,
    connected: () => void,
    answer: (failure: DialFailure | null) => void
  ) => Cancel
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
  /** The same at less cost, up to a sixteenth of the delay late: for limits that are hardly ever reached. */
  readonly wheelTimerUnsafe: (delayMs: number, fire: () => void) => Cancel
  /** Calls back soon, but after whatever has arrived on sockets meanwhile. */
  readonly soonUnsafe: (run: () => void) => void
  /**
   * Whether the system lets this process open at least `count` more descriptors (of more than a quarter of its limit, a quarter), beside
   * those of clients that cannot be stopped any more.
   */
  readonly hasDescriptorsUnsafe: (count: number) => boolean
  /** Integer microseconds of a monotonic clock. */
  readonly nowUs: () => number
}>()("fairlead/plane/Transport") {}
