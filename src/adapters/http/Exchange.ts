/** One request and its response on a connection: what they tell Fairlead, the trace and the program. */
import type { Span } from "@opentelemetry/api"
import type { Connection } from "./Connection.ts"
import type { Served } from "./Connector.ts"
import type { IdleConnections } from "./IdleConnections.ts"
import type { HttpOptions } from "./options.ts"
import { BROKEN } from "./Resending.ts"
import { activeSpan, describe } from "./spans.ts"

export interface Request {
  readonly origin: string
  readonly method: string
  readonly path: string
}

export class Exchange {
  readonly #request: Request
  readonly #options: HttpOptions
  readonly #idle: IdleConnections
  readonly #span: Span | undefined = activeSpan()
  #connection: Connection | undefined
  /** For how long the connection had been idle; -1: it is new. */
  #idleMs = -1
  #startedMs = performance.now()
  #answered = false

  constructor(request: Request, options: HttpOptions, idle: IdleConnections) {
    this.#request = request
    this.#options = options
    this.#idle = idle
  }

  get served(): Served | undefined {
    return this.#connection?.served
  }

  /** Whether the connection was used before, or had waited, so that it may be dead. */
  get isReused(): boolean {
    return this.#idleMs >= 0
  }

  /** The request goes out on this connection. */
  begin(connection: Connection | undefined): void {
    this.#connection = connection
    this.#startedMs = performance.now()
    if (connection === undefined) return
    if (connection.requests > 0 || connection.hasWaited) this.#idleMs = this.#startedMs - connection.idleSinceMs
    connection.requests++
    this.#idle.begin(connection)
    describe(this.#span, connection.served)
  }

  /** `keepAlive`: the header of that name. */
  answer(statusCode: number, keepAlive?: string | ReadonlyArray<string>): void {
    this.#answered = true
    if (this.#connection !== undefined) {
      this.#idle.announced(this.#connection, keepAlive)
      if (this.isReused) this.#idle.served(this.#connection, this.#idleMs)
    }
    const { failingStatuses, onResponse } = this.#options
    if (failingStatuses?.includes(statusCode) === true) this.#connection?.blame()
    onResponse?.({ ...this.#request, statusCode, served: this.served, tookMs: performance.now() - this.#startedMs })
  }

  /** The response has come in full. */
  end(): void {
    if (this.#connection !== undefined) this.#connection.idleSinceMs = performance.now()
  }

  /**
   * The request failed before an answer. A wait that was too long for the client or its program counts against the candidate. A
   * broken connection does so only at its first request: a later one may have met a connection that the server had closed
   * meanwhile.
   */
  fail(error: NodeJS.ErrnoException): void {
    if (this.#answered || this.#connection === undefined) return
    const isBroken = BROKEN.has(error.code ?? "")
    if (isBroken && this.isReused) this.#idle.dead(this.#connection, this.#idleMs)
    if (isTimeout(error) || (isBroken && !this.isReused)) this.#connection.blame()
  }
}

/** By `headersTimeout` of undici, or by `AbortSignal.timeout`, which Node's clients give as a cause. */
function isTimeout({ code, name, cause }: NodeJS.ErrnoException): boolean {
  return code === "UND_ERR_HEADERS_TIMEOUT" || name === "TimeoutError"
    || (cause instanceof Error && cause.name === "TimeoutError")
}
