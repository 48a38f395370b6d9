/**
 * `http.Agent` and `https.Agent` with connections to the best addresses. Keep-alive and the queue of requests are Node's.
 *
 * Node asks an agent for a socket and gives it back. So the agent learns of each request as it comes (`addRequest`), and of each
 * socket that could serve again (`keepSocketAlive`).
 */
import { errorMonitor } from "node:events"
import * as http from "node:http"
import * as https from "node:https"
import * as net from "node:net"
import type { Duplex } from "node:stream"
import { Connection, connectionOf } from "./Connection.ts"
import type { Connector } from "./Connector.ts"
import { Exchange } from "./Exchange.ts"
import type { TlsOptions } from "./handshake.ts"
import { IdleConnections } from "./IdleConnections.ts"
import type { HttpOptions } from "./options.ts"
import { warmTlsOf } from "./options.ts"
import { remember } from "./servedBy.ts"
import type { WarmTls } from "./WarmTls.ts"

/** Options of Node's agent, beside those that Fairlead adds. Connections are kept alive unless `keepAlive` is false. */
export type AgentOptions = HttpOptions & Omit<http.AgentOptions, keyof HttpOptions>

type Created = (error: Error | null, socket?: Duplex) => void
type Options = http.ClientRequestArgs & TlsOptions

/** What both agents have of Node's own without its types. */
interface Internals {
  addRequest(request: http.ClientRequest, options: Options): void
  createConnection(options: Options, created: Created): Duplex | undefined
  keepSocketAlive(socket: net.Socket): boolean
  destroy(): void
}

/** An agent for `http.request` and `http.get`. The program ends its idle connections by `destroy`. */
export function httpAgentOf(connector: Connector, options: AgentOptions = {}): http.Agent {
  const { own, nodes } = apart(options)
  const agent = new http.Agent(nodes)
  const open = (host: string, port: number) => connector.connect(host, port).then((tcp) => new Connection(connector, tcp))
  return watched(agent, { protocol: "http", defaultPort: 80, options: own, idle: idleOf(agent, connector, own), open })
}

/** An agent for `https.request` and `https.get`. The certificate has to be valid for the host of the URL. */
export function httpsAgentOf(connector: Connector, options: AgentOptions = {}): https.Agent {
  const { own, nodes } = apart(options)
  const agent = new https.Agent(nodes)
  const idle = idleOf(agent, connector, own)
  const warm = warmTlsOf(connector, own, idle)
  const open = (host: string, port: number, given: Options) =>
    warm.openAs(isNamed(given) ? agent.getName(given) : undefined, host, port, { ...own.tls, ...tlsOf(given) })
  return watched(agent, { protocol: "https", defaultPort: 443, options: own, idle, open, warm })
}

/** Whether Node's name of a connection has all options that matter. */
const isNamed = ({ checkServerIdentity, secureContext }: Options): boolean =>
  checkServerIdentity === undefined && secureContext === undefined

const idleOf = (agent: http.Agent, { kept }: Connector, { idleLimitMs }: HttpOptions): IdleConnections =>
  new IdleConnections(kept, idleLimitMs, ({ socket }) => forget(agent, socket))

function apart(options: AgentOptions): { readonly own: HttpOptions; readonly nodes: http.AgentOptions } {
  const { tls: _tls, openTls: _openTls, onResponse: _onResponse, idleLimitMs: _idleLimitMs, warmTls: _warmTls, ...nodes } =
    options
  return { own: options, nodes: { keepAlive: true, ...nodes } }
}

/** Node passes the options of the request and of the agent as one object. */
function tlsOf(
  { host: _host, port: _port, path: _path, socketPath: _socketPath, lookup: _lookup, ...rest }: Options
): TlsOptions {
  return Object.fromEntries(Object.entries(rest).filter(([key, value]) => value !== undefined && key !== "session"))
}

interface Watching {
  readonly protocol: "http" | "https"
  readonly defaultPort: number
  readonly options: HttpOptions
  readonly idle: IdleConnections
  readonly open: (host: string, port: number, given: Options) => Promise<Connection>
  readonly warm?: WarmTls
}

function watched<A extends http.Agent>(agent: A, { protocol, defaultPort, options, idle, open, warm }: Watching): A {
  const { addRequest, createConnection: connect, keepSocketAlive, destroy } = Object.getPrototypeOf(agent) as Internals
  const originOf = ({ host, hostname, port }: Options) => {
    const name = host ?? hostname ?? "localhost"
    const bracketed = net.isIPv6(name) ? `[${name}]` : name
    return `${protocol}://${Number(port ?? defaultPort) === defaultPort ? bracketed : `${bracketed}:${port}`}`
  }
  const hasRoom = agent.maxTotalSockets === Infinity
  // Node would give it to a request that waits. A socket that is destroyed makes room for another one instead.
  agent.prependListener("free", (socket: net.Socket) => {
    const connection = connectionOf(socket)
    if (connection !== undefined && idle.isBarred(connection)) connection.drop()
  })

  const createConnection = (given: Options, created: Created): Duplex | undefined => {
    // A socket of the file system has no address to choose.
    if (given.socketPath) return connect.call(agent, given, created)
    open(given.host ?? "localhost", Number(given.port ?? defaultPort), given).then(
      (connection) => {
        connection.origin = originOf(given)
        watchEnd(connection, idle)
        created(null, connection.socket)
      },
      (cause) => created(cause instanceof Error ? cause : new Error(String(cause)))
    )
    return undefined
  }

  return Object.assign(agent, {
    createConnection,

    addRequest(request: http.ClientRequest, given: Options) {
      const origin = originOf(given)
      dropOld(agent, origin, idle, hasRoom)
      warm?.used(origin)
      follow(request, new Exchange({ origin, method: request.method, path: request.path }, options, idle))
      addRequest.call(agent, request, given)
    },

    keepSocketAlive(socket: net.Socket) {
      const connection = connectionOf(socket)
      if (connection?.isSpent === true || !keepSocketAlive.call(agent, socket)) return false
      if (connection !== undefined) idle.rest(connection, hasRoom, () => connection.drop())
      return true
    },

    destroy() {
      idle.close()
      warm?.close()
      for (const socket of Object.values(agent.freeSockets).flatMap((free) => free ?? [])) {
        connectionOf(socket)?.markDropped()
      }
      destroy.call(agent)
    }
  })
}

/** Takes away connections that have been idle for too long, or may serve no more, before a request takes one. */
function dropOld({ freeSockets }: http.Agent, origin: string, idle: IdleConnections, hasRoom: boolean): void {
  for (const socket of Object.values(freeSockets).flatMap((free) => free ?? [])) {
    const connection = connectionOf(socket)
    if (connection?.origin !== origin) continue
    if (idle.isBarred(connection)) connection.drop()
    if (connection.isDropped || !idle.isTooOld(connection)) continue
    if (!hasRoom || !idle.setAside(connection, () => connection.drop())) connection.drop()
  }
}

/** The agent does not use the idle socket any more. Node itself forgets only sockets that are closed. */
function forget(agent: http.Agent, socket: net.Socket): void {
  const lists = agent.freeSockets as Record<string, Array<net.Socket>>
  for (const [name, free] of Object.entries(lists)) {
    const at = free.indexOf(socket)
    if (at < 0) continue
    free.splice(at, 1)
    if (free.length === 0) delete lists[name]
  }
}

/** Node destroys an idle socket when the other side ends it, and emits nothing else. */
function watchEnd(connection: Connection, idle: IdleConnections): void {
  const { socket } = connection
  socket.on("error", () => {})
  socket.once("timeout", () => connection.markDropped())
  socket.once("close", () => idle.ended(connection, true))
}

function follow(request: http.ClientRequest, exchange: Exchange): void {
  request.once("socket", (socket: net.Socket) => exchange.begin(connectionOf(socket)))
  request.prependOnceListener("response", (response: http.IncomingMessage) => {
    // Node takes the socket away from a response that has ended.
    remember(response, exchange.served)
    exchange.answer(response.statusCode ?? 0, response.headers["keep-alive"])
    response.once("end", () => exchange.end())
    // Node discards the body where a program does not listen.
    if (request.listenerCount("response") === 0) response.resume()
  })
  request.once(errorMonitor, (error: NodeJS.ErrnoException) => exchange.fail(error))
}
