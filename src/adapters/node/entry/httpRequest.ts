/**
 * Requests with a whole URL: each is passed on over a connection of its own, which comes from the pool like every client's. The answer's
 * body and trailers, and informational answers before it (100, 102, 103), are passed on as they come, and a body that breaks off breaks off for the client too.
 */
import * as http from "node:http"
import { hostTarget } from "../../../plane/Target.ts"
import type { Connection } from "./Connection.ts"
import { passedOn, valueOf, VIA, withValue } from "./headers.ts"
import type { Answer } from "./httpAnswers.ts"
import { BAD_TARGET, FAILURES, NOT_IMPLEMENTED, proxyStatus } from "./httpAnswers.ts"
import { RequestClient } from "./RequestClient.ts"
import type { RequestTarget } from "./requestTarget.ts"
import { requestTarget } from "./requestTarget.ts"
import { refusalOf } from "./wishes.ts"

/** A request on its way. */
export interface Passed {
  readonly outgoing: http.ClientRequest
  readonly client: RequestClient
  /** Gives up. */
  readonly leave: () => void
}

/** Why a request is not passed on, or what it asks for. */
export function judged(connection: Connection, request: http.IncomingMessage): RequestTarget | Answer {
  const target = requestTarget(request.method ?? "", request.url ?? "")
  const coding = request.headers["transfer-encoding"]
  if (coding !== undefined && coding.toLowerCase() !== "chunked") return NOT_IMPLEMENTED
  return refusalOf(connection, request.headers["proxy-authorization"], target?.wish) ?? target ?? BAD_TARGET
}

/** Begins to pass a request on, without its body. */
export function pass(
  connection: Connection,
  request: http.IncomingMessage,
  { wish, authority, path }: RequestTarget,
  ended: () => void,
  own: Readonly<Record<string, string>> = {}
): Passed {
  const client = new RequestClient(connection)
  const outgoing = http.request({
    createConnection: () => client.far,
    method: request.method ?? "GET",
    path,
    // The runtime's own limit of 16 KiB is less than what some servers answer with.
    maxHeaderSize: connection.entry.maxBytes,
    setHost: false
  })
  // A request that ends before its answer is told by `close`.
  outgoing.on("error", () => {})
  outgoing.setHeader("Host", authority)
  const headers = withValue(passedOn(request.rawHeaders, ["host"]), "Via", VIA)
  for (const [name, values] of headers) outgoing.setHeader(name, valueOf(values))
  if (request.headers["transfer-encoding"] !== undefined) outgoing.setHeader("Transfer-Encoding", "chunked")
  for (const [name, value] of Object.entries(own)) outgoing.setHeader(name, value)
  const leave = connection.door.enterUnsafe(client, hostTarget(wish.host, wish.port), ended)
  return { outgoing, client, leave }
}

/** Passes a whole request and its answer on. `over` is called once, when the client has its answer or is gone. */
export function forward(
  connection: Connection,
  request: http.IncomingMessage,
  response: http.ServerResponse,
  target: RequestTarget,
  over: () => void
): void {
  const { outgoing, client, leave } = pass(connection, request, target, () => {})
  let isAnswered = false
  response.once("close", () => {
    leave()
    outgoing.destroy()
    over()
  })
  outgoing.on("continue", () => response.writeContinue())
  outgoing.on("information", (early) => passEarly(early, response))
  outgoing.on("response", (incoming) => {
    isAnswered = true
    answer(incoming, response, client.servedBy ?? "")
  })
  outgoing.on("close", () => {
    if (!isAnswered) tell(response, FAILURES[client.failure ?? "proxyError"])
  })
  // A server may answer and end before it has read the body. Once a write to it fails, its answer cannot be read any more. So the parts of
  // a body are written one by one, and between them the sockets are looked at.
  let hasBody = false
  request.on("data", (chunk) => {
    hasBody = true
    request.pause()
    setImmediate(() => {
      if (outgoing.destroyed || outgoing.write(chunk)) request.resume()
    })
  })
  outgoing.on("drain", () => request.resume())
  const end = () => outgoing.end()
  request.on("end", () => {
    const { rawTrailers } = request
    if (rawTrailers.length > 0) outgoing.addTrailers(pairs(rawTrailers))
    if (hasBody) setImmediate(end)
    else end()
  })
  if (request.headers.expect !== undefined) outgoing.flushHeaders()
}

/** What an upstream says before its answer (RFC 9110, 15.2). */
function passEarly({ statusCode, rawHeaders }: http.InformationEvent, response: http.ServerResponse): void {
  if (statusCode === 102) return response.writeProcessing()
  const headers = Object.fromEntries(passedOn(rawHeaders).map(([name, values]) => [name.toLowerCase(), valueOf(values)]))
  if (statusCode !== 103) return
  try {
    response.writeEarlyHints(headers as Record<string, string>)
  } catch {
    // The runtime refuses links that are not of the usual form. Hints are no part of the answer, so the answer goes on.
  }
}

function answer(incoming: http.IncomingMessage, response: http.ServerResponse, by: string): void {
  const passed = withValue(passedOn(incoming.rawHeaders), "Via", VIA)
  response.sendDate = false
  response.statusCode = incoming.statusCode ?? 502
  response.statusMessage = incoming.statusMessage ?? ""
  for (const [name, values] of withValue(passed, "Proxy-Status", proxyStatus({ by }))) {
    response.setHeader(name, valueOf(values))
  }
  response.flushHeaders()
  incoming.on("data", (chunk) => {
    if (!response.write(chunk)) incoming.pause()
  })
  response.on("drain", () => incoming.resume())
  // A body that breaks off ends with an error. `complete` says it as well, but on Deno not of one with trailers.
  let isWhole = false
  incoming.on("end", () => {
    isWhole = true
    if (incoming.rawTrailers.length > 0) response.addTrailers(pairs(incoming.rawTrailers))
    response.end()
  })
  incoming.on("error", () => response.destroy())
  incoming.on("close", () => {
    if (!isWhole) response.destroy()
  })
}

/** An answer of the proxy itself. The connection may go on. */
export function tell(response: http.ServerResponse, { status, reason, error, text, headers = {} }: Answer): void {
  if (response.headersSent || response.destroyed) return
  response.writeHead(status, reason, {
    ...headers,
    "Proxy-Status": proxyStatus({ error }),
    "Content-Type": "text/plain; charset=utf-8",
    "Content-Length": text.length + 1
  })
  response.end(`${text}\n`)
}

function pairs(raw: ReadonlyArray<string>): Array<[string, string]> {
  return raw.flatMap((name, i) => i % 2 === 0 ? [[name, raw[i + 1] ?? ""] as [string, string]] : [])
}
