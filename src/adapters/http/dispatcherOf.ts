/** An undici dispatcher with connections to the best addresses. */
import type { Dispatcher } from "undici"
import { Agent, Dispatcher1Wrapper, Pool } from "undici"
import type { Connector } from "./Connector.ts"
import { IdleConnections, MOST_IDLE_MS } from "./IdleConnections.ts"
import type { HttpOptions } from "./options.ts"
import { warmTlsOf } from "./options.ts"
import { mayRepeat, Resending } from "./Resending.ts"
import { TrackedClient } from "./TrackedClient.ts"
import type { WarmTls } from "./WarmTls.ts"

/** What Fairlead decides itself. */
type Taken =
  | "connect"
  | "connectTimeout"
  | "factory"
  | "socketPath"
  | "localAddress"
  | "autoSelectFamily"
  | "autoSelectFamilyAttemptTimeout"

/** Options of undici's `Agent`, beside those that Fairlead adds. TLS options are in `tls`. */
export type DispatcherOptions = HttpOptions & Omit<Agent.Options, keyof HttpOptions | Taken>

/**
 * A dispatcher for `fetch`, `request` and the other functions of undici, for Node's own `fetch`, and for `setGlobalDispatcher`.
 * Keep-alive, pipelining, HTTP/2 and bodies are undici's. The program closes it: `close` waits for requests, `destroy` and
 * `await using` do not.
 */
export const dispatcherOf = (connector: Connector, options: DispatcherOptions = {}): Agent & AsyncDisposable =>
  new FairleadAgent(connector, options)

class FairleadAgent extends Agent {
  readonly #legacy = new Dispatcher1Wrapper(this)
  readonly #warm: WarmTls

  constructor(connector: Connector, options: DispatcherOptions) {
    const {
      tls: _tls,
      openTls: _openTls,
      onResponse: _onResponse,
      idleLimitMs: _idleLimitMs,
      warmTls: _warmTls,
      ...agentOptions
    } = options
    const idle = new IdleConnections(connector.kept, options.idleLimitMs)
    const warm = warmTlsOf(connector, options, idle)
    const giveBack = (request: Agent.DispatchOptions, handler: Dispatcher.DispatchHandler) =>
      void this.dispatch(request, handler)
    const opening = {
      connector,
      options,
      openTls: warm.open,
      idle,
      hasRoom: (options.connections ?? MANY) >= MANY,
      isUnlimited: (options.connections ?? null) === null,
      giveBack
    }
    const client = (origin: URL, clientOptions: object) => new TrackedClient(origin, clientOptions, opening)
    super({
      // Fairlead closes idle connections itself.
      ...(idle.learns ? { keepAliveTimeout: MOST_IDLE_MS } : {}),
      ...agentOptions,
      factory: (origin, poolOptions) => new Pool(origin, { ...poolOptions, connect: unused, factory: client })
    })
    this.#warm = warm
  }

  /** Node's own `fetch` may speak to dispatchers as earlier versions of undici did. */
  override dispatch(request: Agent.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    // It calls again with a handler as undici has it now, and without HTTP/2.
    if (typeof handler.onRequestStart !== "function") return this.#legacy.dispatch(request, handler)
    if (handler instanceof Resending) return super.dispatch(request, handler)
    if (request.origin !== undefined) this.#warm.used(String(request.origin))
    const again = (handler: Resending) => void super.dispatch(request, handler)
    return super.dispatch(request, mayRepeat(request) ? new Resending(handler, again) : handler)
  }

  override destroy(...all: ReadonlyArray<unknown>): Promise<void> & void {
    this.#warm.close()
    return Reflect.apply(super.destroy, this, all) as Promise<void> & void
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.destroy()
  }
}

/** Connections of a pool, of which one may be kept only to see how long it lives. */
const MANY = 8

/** Each client of a pool has its own (TrackedClient.ts). */
function unused(): never {
  throw new Error("a pool of Fairlead connects through its clients")
}
