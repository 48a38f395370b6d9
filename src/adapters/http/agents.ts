/**
 * `http.Agent` and `https.Agent` with connections to the best addresses. Keep-alive and the queue of requests are Node's.
 *
 * Node asks an agent for a socket and gives it back. So the agent learns of each request as it comes (`addRequest`), and of each
 * socket that could serve again (`keepSocketAlive`).
 */
import { errorMonitor } from "node:events"
import * as http from "node:http"
import * as https from "node:https"
import type * as net from "node:net"
import type { Duplex } from "node:stream"
import { Connection, connectionOf } from "./Connection.ts"
import type { Connector } from "./Connector.ts"
import { Exchange } from "./Exchange.ts"
import type { TlsOptions } from "./handshake.ts"
import type { HttpOptions } from "./options.ts"
import { mayServe, tlsOpener } from "./options.ts"
import { remember } from "./servedBy.ts"

/** Options of Node's agent, beside those that Fairlead adds. Connections are kept alive unless `keepAlive` is false. */
export type AgentOptions = HttpOptions & Omit<http.AgentOptions, keyof HttpOptions>

type Created = (error: Error | null, socket?: Duplex) => void
type Options = http.ClientRequestArgs & TlsOptions

/** What both agents have of Node's own without its types. */
interface Internals {
  addRequest(request: http.ClientRequest, options: Options): void
  createConnection(options: Options, created: Created): Duplex | undefined
  keepSocketAlive(socket: net.Socket): boolean
}

/** An agent for `http.request` and `http.get`. The program ends its idle connections by `destroy`. */
export function httpAgentOf(connector: Connector, options: AgentOptions = {}): http.Agent {
  const { own, nodes } = apart(options)
  const open = (host: string, port: number) => connector.connect(host, port).then((tcp) => new Connection(connector, tcp))
  return watched(new http.Agent(nodes), "http", own, 80, open)
}

/** An agent for `https.request` and `https.get`. The certificate has to be valid for the host of the URL. */
export function httpsAgentOf(connector: Connector, options: AgentOptions = {}): https.Agent {
  const { own, nodes } = apart(options)
  const openTls = tlsOpener(connector, options)
  const open = (host: string, port: number, given: Options) => openTls(host, port, { ...own.tls, ...tlsOf(given) })
  return watched(new https.Agent(nodes), "https", own, 443, open)
}

function apart(options: AgentOptions): { readonly own: HttpOptions; readonly nodes: http.AgentOptions } {
  const { tls: _tls, openTls: _openTls, onResponse: _onResponse, idleLimitMs: _idleLimitMs, ...nodes } = options
  return { own: options, nodes: { keepAlive: true, ...nodes } }
}

/** Node passes the options of the request and of the agent as one object. */
function tlsOf(
  { host: _host, port: _port, path: _path, socketPath: _socketPath, lookup: _lookup, ...rest }: Options
): TlsOptions {
  return Object.fromEntries(Object.entries(rest).filter(([key, value]) => value !== undefined && key !== "session"))
}

function watched<A extends http.Agent>(
  agent: A,
  protocol: "http" | "https",
  options: HttpOptions,
  defaultPort: number,
  open: (host: string, port: number, given: Options) => Promise<Connection>
): A {
  const { addRequest, createConnection: connect, keepSocketAlive } = Object.getPrototypeOf(agent) as Internals
  const originOf = ({ host, hostname, port }: Options) => {
    const name = host ?? hostname ?? "localhost"
    return `${protocol}://${Number(port ?? defaultPort) === defaultPort ? name : `${name}:${port}`}`
  }

  const createConnection = (given: Options, created: Created): Duplex | undefined => {
    // A socket of the file system has no address to choose.
    if (given.socketPath) return connect.call(agent, given, created)
    open(given.host ?? "localhost", Number(given.port ?? defaultPort), given).then(
      (connection) => {
        connection.origin = originOf(given)
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
      dropIdle(agent, origin, options)
      follow(request, new Exchange({ origin, method: request.method, path: request.path }, options))
      addRequest.call(agent, request, given)
    },

    keepSocketAlive(socket: net.Socket) {
      if (connectionOf(socket)?.isSpent === true) return false
      return keepSocketAlive.call(agent, socket)
    }
  })
}

/** Closes connections that have been idle for too long, before a request takes one. */
function dropIdle({ freeSockets }: http.Agent, origin: string, { idleLimitMs }: HttpOptions): void {
  if (idleLimitMs === undefined) return
  const limitMs = idleLimitMs(origin)
  for (const socket of Object.values(freeSockets).flatMap((free) => free ?? [])) {
    const connection = connectionOf(socket)
    if (connection?.origin !== origin || mayServe(performance.now() - connection.idleSinceMs, limitMs)) continue
    socket.destroy()
  }
}

function follow(request: http.ClientRequest, exchange: Exchange): void {
  request.once("socket", (socket: net.Socket) => exchange.begin(connectionOf(socket)))
  request.prependOnceListener("response", (response: http.IncomingMessage) => {
    // Node takes the socket away from a response that has ended.
    remember(response, exchange.served)
    exchange.answer(response.statusCode ?? 0)
    response.once("end", () => exchange.end())
    // Node discards the body where a program does not listen.
    if (request.listenerCount("response") === 0) response.resume()
  })
  request.once(errorMonitor, (error: NodeJS.ErrnoException) => exchange.fail(error))
}
