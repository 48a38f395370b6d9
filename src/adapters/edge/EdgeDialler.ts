/**
 * Dials by the sockets of an edge runtime. Sockets and timers belong to the request in which they began, so a dialler holds
 * none of them.
 *
 * The clock of such a runtime stands still while code runs and moves with I/O, in whole milliseconds.
 */
import type { Address, Identity } from "../../core/model/Routes.ts"
import type { DialFailure } from "../../core/model/Event.ts"
import type { Cancel, Dialler, UpstreamSocket } from "../../plane/ports/Transport.ts"
import type { ConnectSocket, EdgeSocket } from "./sockets.ts"

/** A connection to a candidate. */
export class EdgeUpstream<S extends EdgeSocket> implements UpstreamSocket {
  readonly socket: S

  constructor(socket: S) {
    this.socket = socket
    ignore(socket.closed)
  }

  readonly closeUnsafe = (): void => ignore(this.socket.close())
  readonly watchUnsafe = (): void => {}
  readonly isAliveUnsafe = (): boolean => true
}

export class EdgeDialler<S extends EdgeSocket> implements Dialler {
  readonly #connect: ConnectSocket<S>
  #latestUs = 0

  constructor(connect: ConnectSocket<S>) {
    this.#connect = connect
  }

  readonly dialUnsafe = (
    { host, port }: Address,
    _keepAliveMs: number,
    answer: (result: UpstreamSocket | DialFailure) => void
  ): Cancel => {
    let over = false
    const settle = (result: EdgeUpstream<S> | DialFailure) => {
      if (over) return typeof result === "string" ? undefined : result.closeUnsafe()
      over = true
      answer(result)
    }
    let upstream: EdgeUpstream<S> | undefined
    try {
      const hostname = host.includes(":") ? `[${host}]` : host
      upstream = new EdgeUpstream(this.#connect({ hostname, port }, { secureTransport: "off", allowHalfOpen: true }))
    } catch {
      // The runtime refuses by itself: the address was not even tried.
      return this.timerUnsafe(0, () => settle("local"))
    }
    const made = upstream
    made.socket.opened.then(() => settle(made), (cause: unknown) => settle(failureOf(cause)))
    return () => {
      if (over) return
      over = true
      made.closeUnsafe()
    }
  }

  /** A socket of the edge cannot ask an address for the certificate of another name, so no configuration asks for it. */
  readonly identifyUnsafe = (
    _address: Address,
    _identity: Identity,
    _connected: () => void,
    answer: (failure: DialFailure | null) => void
  ): Cancel => this.timerUnsafe(0, () => answer("local"))

  readonly timerUnsafe = (delayMs: number, fire: () => void): Cancel => {
    const timer = setTimeout(fire, delayMs)
    return () => clearTimeout(timer)
  }

  readonly nowUs = (): number => {
    this.#latestUs = Math.max(this.#latestUs, Math.round(performance.now() * 1000))
    return this.#latestUs
  }
}

/** The runtime does not say why an address cannot be reached. A request that may open no more sockets is no evidence. */
function failureOf(cause: unknown): DialFailure {
  const text = cause instanceof Error ? cause.message : String(cause)
  if (/subrequest|simultaneous/i.test(text)) return "local"
  return /connection lost|reset/i.test(text) ? "reset" : "unreachable"
}

/** Reads and writes tell of failures. An error of the end itself adds nothing, and unhandled it would end the request. */
function ignore(promise: Promise<unknown>): void {
  promise.catch(() => {})
}
