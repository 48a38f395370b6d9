/** An undici dispatcher with connections to the best addresses. */
import type { Dispatcher } from "undici"
import { Agent, Dispatcher1Wrapper, Pool } from "undici"
import type { Connector } from "./Connector.ts"
import type { HttpOptions } from "./options.ts"
import { tlsOpener } from "./options.ts"
import { TrackedClient } from "./TrackedClient.ts"

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

  constructor(connector: Connector, options: DispatcherOptions) {
    const { tls: _tls, openTls: _openTls, onResponse: _onResponse, idleLimitMs: _idleLimitMs, ...agentOptions } = options
    const opening = { connector, options, openTls: tlsOpener(connector, options) }
    const client = (origin: URL, clientOptions: object) => new TrackedClient(origin, clientOptions, opening)
    super({
      ...agentOptions,
      factory: (origin, poolOptions) => new Pool(origin, { ...poolOptions, connect: unused, factory: client })
    })
  }

  /** Node's own `fetch` may speak to dispatchers as earlier versions of undici did. */
  override dispatch(request: Agent.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    if (typeof handler.onRequestStart === "function") return super.dispatch(request, handler)
    // It calls again with a handler as undici has it now, and without HTTP/2.
    return this.#legacy.dispatch(request, handler)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.destroy()
  }
}

/** Each client of a pool has its own (TrackedClient.ts). */
function unused(): never {
  throw new Error("a pool of Fairlead connects through its clients")
}
