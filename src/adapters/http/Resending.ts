/**
 * Sends a request a second time, on a new connection, when it met a connection that was used before and had died meanwhile.
 *
 * - Only a request that may be repeated: its method is idempotent (RFC 9110, 9.2.2), and its body is there as a whole.
 * - Only before any byte of an answer, and only once. Any other failure is passed on as it is.
 */
import type { Dispatcher } from "undici"

type Handler = Dispatcher.DispatchHandler
type Arguments<K extends keyof Handler> = Parameters<NonNullable<Handler[K]>>

const IDEMPOTENT = new Set(["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"])
/** How a connection shows that it was dead. */
export const BROKEN: ReadonlySet<string> = new Set(["UND_ERR_SOCKET", "ECONNRESET", "EPIPE"])

export class Resending implements Handler {
  readonly #handler: Handler
  readonly #again: (handler: Resending) => void
  #isAgain = false
  #isReused = false
  #isAnswered = false

  constructor(handler: Handler, again: (handler: Resending) => void) {
    this.#handler = handler
    this.#again = again
  }

  /** It needs a new connection. */
  get isAgain(): boolean {
    return this.#isAgain
  }

  /** The request goes out, on a connection that was used before or not. */
  sentOn(isReused: boolean): void {
    this.#isReused = isReused
  }

  onRequestStart(...all: Arguments<"onRequestStart">): void {
    this.#handler.onRequestStart?.(...all)
  }

  onRequestUpgrade(...all: Arguments<"onRequestUpgrade">): void {
    this.#isAnswered = true
    this.#handler.onRequestUpgrade?.(...all)
  }

  onResponseStart(...all: Arguments<"onResponseStart">): void {
    this.#isAnswered = true
    this.#handler.onResponseStart?.(...all)
  }

  onResponseData(...all: Arguments<"onResponseData">): void {
    this.#handler.onResponseData?.(...all)
  }

  onResponseEnd(...all: Arguments<"onResponseEnd">): void {
    this.#handler.onResponseEnd?.(...all)
  }

  onResponseError(...[controller, error]: Arguments<"onResponseError">): void {
    const isDead = this.#isReused && !this.#isAnswered && BROKEN.has((error as NodeJS.ErrnoException).code ?? "")
    if (!isDead || this.#isAgain || controller?.aborted === true) return this.#handler.onResponseError?.(controller, error)
    this.#isAgain = true
    this.#again(this)
  }

  onResponseStarted(): void {
    this.#handler.onResponseStarted?.()
  }

  onBodySent(...all: Arguments<"onBodySent">): void {
    this.#handler.onBodySent?.(...all)
  }

  onRequestSent(): void {
    this.#handler.onRequestSent?.()
  }
}

/** Whether the request may be sent twice. */
export function mayRepeat({ method, body, upgrade, idempotent }: Dispatcher.DispatchOptions): boolean {
  return IDEMPOTENT.has(method.toUpperCase()) && idempotent !== false && !upgrade && isWhole(body)
}

/** A stream or an iterator is gone after it was read. The body of a `fetch` is one. */
function isWhole(body: unknown): boolean {
  return body === undefined || body === null || typeof body === "string" || ArrayBuffer.isView(body)
    || body instanceof ArrayBuffer || body instanceof Blob
}
