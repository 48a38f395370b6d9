/** undici's client of one connection, which knows its connection. All of HTTP is undici's own. */
import type { EventEmitter } from "node:events"
import type { buildConnector, Dispatcher } from "undici"
import { Client } from "undici"
import { Connection } from "./Connection.ts"
import type { Connector } from "./Connector.ts"
import { Exchange } from "./Exchange.ts"
import type { IdleConnections } from "./IdleConnections.ts"
import { GONE } from "./IdleConnections.ts"
import type { HttpOptions } from "./options.ts"
import type { OpenTls } from "./openTls.ts"
import { Resending } from "./Resending.ts"
import { Tracked } from "./Tracked.ts"

export interface Opening {
  readonly connector: Connector
  readonly options: HttpOptions
  readonly openTls: OpenTls
  readonly idle: IdleConnections
  /** A pool may have so many clients that one of them can stand aside. */
  readonly hasRoom: boolean
  /** A pool may have any number of clients, so a request need not wait for a connection that has no end. */
  readonly isUnlimited: boolean
  /** Gives a request back to the pool, for another of its clients. */
  readonly giveBack: (request: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler) => void
}

export class TrackedClient extends Client {
  readonly #now: { connection: Connection | undefined }
  readonly #opening: Opening
  readonly #origin: string
  readonly #url: URL
  /** Its connection takes no more requests, so it gave one back. */
  #hasRefused = false

  constructor(origin: URL, options: Client.Options, opening: Opening) {
    const now: { connection: Connection | undefined } = { connection: undefined }
    const isH2 = options.allowH2 !== false
    super(origin, {
      ...options,
      connect: connectBy(opening, origin.origin, isH2, (connection) => void (now.connection = connection))
    })
    this.#now = now
    this.#opening = opening
    this.#origin = origin.origin
    this.#url = origin
    this.on("disconnect", (_origin, _targets, error) => this.#ended(error))
  }

  override dispatch(request: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    const { idle, options, giveBack } = this.#opening
    if (!this.#isReady(handler instanceof Resending && handler.isAgain)) {
      queueMicrotask(() => giveBack(request, handler))
      // As if it were busy: the pool comes back when it drains.
      return false
    }
    const { method, path } = request
    const exchange = new Exchange({ origin: this.#origin, method, path }, options, idle)
    const begun = () => exchange.begin(this.#now.connection)
    return super.dispatch(request, new Tracked(handler, exchange, begun, () => setImmediate(() => this.#over())))
  }

  /** Closes an idle connection that must not serve this request, so undici opens another one. false: it is set aside. */
  #isReady(isAgain: boolean): boolean {
    const { connection } = this.#now
    if (connection === undefined || connection.socket.destroyed) return true
    const { idle } = this.#opening
    if (this.#isBusy) {
      // A connection of HTTP/2 takes further requests beside those that it has.
      const isRefused = idle.isOutdated(connection) || (this.#opening.isUnlimited && idle.isBarred(connection))
      this.#hasRefused ||= isRefused
      return !isRefused
    }
    if (isAgain || idle.isBarred(connection)) this.#drop(connection)
    else if (idle.isAside(connection)) return false
    else if (idle.isTooOld(connection)) {
      if (this.#opening.hasRoom && idle.setAside(connection, () => this.#drop(connection))) return false
      this.#drop(connection)
    }
    return true
  }

  /** A request is over. A blamed connection counts when it ends, so it ends soon. */
  #over(): void {
    const { connection } = this.#now
    if (connection === undefined || this.#isBusy) return
    if (this.#opening.idle.isBarred(connection)) this.#drop(connection)
    else this.#opening.idle.rest(connection, this.#opening.hasRoom, () => this.#drop(connection))
  }

  #ended(error: NodeJS.ErrnoException): void {
    const { connection } = this.#now
    if (connection === undefined) return
    this.#now.connection = undefined
    const { idle } = this.#opening
    const seemedBusy = idle.isAside(connection) || this.#hasRefused
    this.#hasRefused = false
    idle.ended(connection, GONE.has(error.code ?? ""))
    if (seemedBusy) (this as EventEmitter).emit("drain", this.#url, [this])
  }

  get #isBusy(): boolean {
    const { running, pending } = this.stats
    return running + pending > 0
  }

  #drop(connection: Connection): void {
    if (!this.#isBusy) connection.drop()
  }
}

function connectBy(
  { connector, openTls, options }: Opening,
  origin: string,
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
        connection.origin = origin
        opened(connection)
        connection.socket.setNoDelay(true)
        callback(null, connection.socket)
      },
      (cause) => callback(cause instanceof Error ? cause : new Error(String(cause)), null)
    )
  }
}
