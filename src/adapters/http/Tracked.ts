/** A handler of undici that tells an exchange what happens, and passes everything on. */
import type { Dispatcher } from "undici"
import type { Exchange } from "./Exchange.ts"
import { Resending } from "./Resending.ts"

type Handler = Dispatcher.DispatchHandler
type Arguments<K extends keyof Handler> = Parameters<NonNullable<Handler[K]>>

export class Tracked implements Handler {
  readonly #handler: Handler
  readonly #exchange: Exchange
  readonly #begun: () => void
  readonly #over: () => void

  constructor(handler: Handler, exchange: Exchange, begun: () => void, over: () => void) {
    this.#handler = handler
    this.#exchange = exchange
    this.#begun = begun
    this.#over = over
  }

  onRequestStart(...[controller, context]: Arguments<"onRequestStart">): void {
    this.#begun()
    if (this.#handler instanceof Resending) this.#handler.sentOn(this.#exchange.isReused)
    this.#handler.onRequestStart?.(controller, { ...context, fairlead: this.#exchange.served })
  }

  onRequestUpgrade(...[controller, statusCode, ...rest]: Arguments<"onRequestUpgrade">): void {
    this.#exchange.answer(statusCode)
    this.#handler.onRequestUpgrade?.(controller, statusCode, ...rest)
  }

  onResponseStart(...[controller, statusCode, ...rest]: Arguments<"onResponseStart">): void {
    if (statusCode >= 200) this.#exchange.answer(statusCode, rest[0]["keep-alive"])
    this.#handler.onResponseStart?.(controller, statusCode, ...rest)
  }

  onResponseData(...all: Arguments<"onResponseData">): void {
    this.#handler.onResponseData?.(...all)
  }

  onResponseEnd(...all: Arguments<"onResponseEnd">): void {
    this.#exchange.end()
    this.#over()
    this.#handler.onResponseEnd?.(...all)
  }

  onResponseError(...[controller, error]: Arguments<"onResponseError">): void {
    this.#exchange.fail(error)
    this.#over()
    this.#handler.onResponseError?.(controller, error)
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
