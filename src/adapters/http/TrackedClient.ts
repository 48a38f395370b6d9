/** undici's client of one connection, which knows its connection. All of HTTP is undici's own. */
import type { buildConnector, Dispatcher } from "undici"
import { Client } from "undici"
import { Connection } from "./Connection.ts"
import type { Connector } from "./Connector.ts"
import { Exchange } from "./Exchange.ts"
import type { HttpOptions } from "./options.ts"
import { mayServe } from "./options.ts"
import type { OpenTls } from "./openTls.ts"
import { Tracked } from "./Tracked.ts"

export interface Opening {
  readonly connector: Connector
  readonly options: HttpOptions
  readonly openTls: OpenTls
}

export class TrackedClient extends Client {
  readonly #now: { connection: Connection | undefined }
  readonly #opening: Opening
  readonly #origin: string

  constructor(origin: URL, options: Client.Options, opening: Opening) {
    const now: { connection: Connection | undefined } = { connection: undefined }
    const isH2 = options.allowH2 !== false
    super(origin, { ...options, connect: connectBy(opening, isH2, (connection) => void (now.connection = connection)) })
    this.#now = now
    this.#opening = opening
    this.#origin = origin.origin
  }

  override dispatch(request: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    this.#dropWorn()
    const { method, path } = request
    const exchange = new Exchange({ origin: this.#origin, method, path }, this.#opening.options)
    const begun = () => exchange.begin(this.#now.connection)
    return super.dispatch(request, new Tracked(handler, exchange, begun, () => setImmediate(() => this.#dropSpent())))
  }

  /** Closes an idle connection that must not serve again. undici opens another one for the request. */
  #dropWorn(): void {
    const { connection } = this.#now
    if (connection === undefined || connection.socket.destroyed) return
    const limitMs = this.#opening.options.idleLimitMs?.(this.#origin)
    if (connection.isSpent || !mayServe(performance.now() - connection.idleSinceMs, limitMs)) this.#drop(connection)
  }

  /** A blamed connection counts when it ends, so it ends soon. */
  #dropSpent(): void {
    const { connection } = this.#now
    if (connection?.isSpent === true) this.#drop(connection)
  }

  #drop({ socket }: Connection): void {
    const { running, pending } = this.stats
    if (running + pending === 0) socket.destroy()
  }
}

function connectBy(
  { connector, openTls, options }: Opening,
  isH2: boolean,
  opened: (connection: Connection) => void
): buildConnector.connector {
  return ({ hostname, protocol, port, servername }, callback) => {
    const isTls = protocol === "https:"
    const place = [hostname, Number(port) || (isTls ? 443 : 80)] as const
    const connecting = isTls
      ? openTls(...place, {
        ALPNProtocols: isH2 ? ["http/1.1", "h2"] : ["http/1.1"],
        ...options.tls,
        ...(servername ? { servername } : {})
      })
      : connector.connect(...place).then((tcp) => new Connection(connector, tcp))
    connecting.then(
      (connection) => {
        opened(connection)
        connection.socket.setNoDelay(true)
        callback(null, connection.socket)
      },
      (cause) => callback(cause instanceof Error ? cause : new Error(String(cause)), null)
    )
  }
}
