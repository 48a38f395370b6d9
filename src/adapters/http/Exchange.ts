/** One request and its response on a connection: what they tell Fairlead, the trace and the program. */
import type { Span } from "@opentelemetry/api"
import type { Connection } from "./Connection.ts"
import type { Served } from "./Connector.ts"
import type { HttpOptions } from "./options.ts"
import { activeSpan, describe } from "./spans.ts"

export interface Request {
  readonly origin: string
  readonly method: string
  readonly path: string
}

export class Exchange {
  readonly #request: Request
  readonly #options: HttpOptions
  readonly #span: Span | undefined = activeSpan()
  #connection: Connection | undefined
  #isFirst = false
  #startedMs = performance.now()
  #answered = false

  constructor(request: Request, options: HttpOptions) {
    this.#request = request
    this.#options = options
  }

  get served(): Served | undefined {
    return this.#connection?.served
  }

  /** The request goes out on this connection. */
  begin(connection: Connection | undefined): void {
    this.#connection = connection
    this.#startedMs = performance.now()
    if (connection === undefined) return
    this.#isFirst = connection.requests === 0
    connection.requests++
    describe(this.#span, connection.served)
  }

  answer(statusCode: number): void {
    this.#answered = true
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
    if (isTimeout(error) || (this.#isFirst && BROKEN.has(error.code ?? ""))) this.#connection.blame()
  }
}

/** By `headersTimeout` of undici, or by `AbortSignal.timeout`, which Node's clients give as a cause. */
function isTimeout({ code, name, cause }: NodeJS.ErrnoException): boolean {
  return code === "UND_ERR_HEADERS_TIMEOUT" || name === "TimeoutError"
    || (cause instanceof Error && cause.name === "TimeoutError")
}

/** The connection ended before the answer. */
const BROKEN = new Set(["UND_ERR_SOCKET", "ECONNRESET", "EPIPE"])
