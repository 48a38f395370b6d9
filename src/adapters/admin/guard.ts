/**
 * The guard of the admin port. A request passes these checks in this order:
 *
 * 1. Its target is a path, and no header of `ONCE` comes twice (400).
 * 2. Its host is one of the port's own names, so that no web page reaches the port through a name that it controls (421).
 * 3. It shows the token, or has the cookie of a session (session.ts). Probes of supervisors have none, so `/healthz` and `/readyz`
 *    need none. Neither does the page of the dashboard, which holds nothing of the service (401).
 * 4. It does not come from a page of another site, where it changes something or takes a permit for long (403).
 * 5. There is a permit for it (503).
 */
import * as NodeHttpServerRequest from "@effect/platform-node/NodeHttpServerRequest"
import * as Effect from "effect/Effect"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import type { ServerResponse } from "node:http"
import type { AdminOptions } from "./AdminOptions.ts"
import type { Permits } from "./Permits.ts"
import { isInSession, showsToken } from "./session.ts"

type Request = HttpServerRequest.HttpServerRequest
type Response = HttpServerResponse.HttpServerResponse

export const guard = (options: AdminOptions, permits: Permits) =>
  HttpRouter.middleware(
    (handler) =>
      Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) => {
        const refused = refusal(request, options) ?? surplus(request, permits)
        return refused === undefined ? handler : Effect.succeed(lastOn(request, refused))
      }),
    { global: true }
  )

/** The rest of a refused request is not read, so the connection of a caller that still sends is closed. */
function lastOn(request: Request, refused: Response): Response {
  const { complete } = NodeHttpServerRequest.toIncomingMessage(request)
  return complete ? refused : HttpServerResponse.setHeader(refused, "connection", "close")
}

function surplus(request: Request, permits: Permits): Response | undefined {
  const response = NodeHttpServerRequest.toServerResponse(request) as ServerResponse
  const full = permits.take(pathOf(request), response)
  return full === undefined ? undefined : said(503, `${full} are taken`, { "retry-after": "1", connection: "close" })
}

/** Pages that say nothing but whether the service lives and is ready, and the dashboard's, which asks for the token itself. */
const OPEN: ReadonlySet<string> = new Set(["/healthz", "/readyz", "/"])

/** Whether the caller may see everything. */
export function isTrusted(request: Request, { token }: AdminOptions): boolean {
  return token === undefined || showsToken(request, token) || isInSession(request, token, Date.now())
}

function refusal(request: Request, options: AdminOptions): Response | undefined {
  const { hosts } = options
  // The runtime turns a whole URL into its path and its host into the Host header, unless it cannot read the URL.
  if (!request.url.startsWith("/")) return said(400, "the target of a request must begin with /")
  const twice = ONCE.find((name) => isTwice(request, name))
  if (twice !== undefined) return said(400, `a request must have one ${twice} header`, { connection: "close" })
  if (!hosts.includes(hostName(request.headers["host"] ?? ""))) return said(421, "this Host is not in admin.hosts")
  if (!OPEN.has(pathOf(request)) && !isTrusted(request, options)) {
    return said(401, "this needs `Authorization: Bearer <admin.token>`", { "www-authenticate": 'Bearer realm="fairlead"' })
  }
  if (isForeign(request)) return said(403, "requests from other sites are refused")
  return undefined
}

/** Where a header comes twice, a proxy in front may have used the other one. The runtime shows only one of them. */
const ONCE = ["host", "authorization"]

function isTwice(request: Request, name: string): boolean {
  const { rawHeaders } = NodeHttpServerRequest.toIncomingMessage(request)
  return rawHeaders.filter((text, i) => i % 2 === 0 && text.toLowerCase() === name).length > 1
}

export function said(status: number, text: string, headers: Readonly<Record<string, string>> = {}): Response {
  return HttpServerResponse.text(`${text}\n`, { status, headers })
}

export function pathOf({ url }: Request): string {
  return url.split("?", 1)[0] ?? ""
}

/** The name without its port: `[::1]:9099` gives `::1`. */
function hostName(host: string): string {
  const match = /^\[([^\]]+)\](?::\d+)?$/.exec(host) ?? /^([^:]+)(?::\d+)?$/.exec(host)
  return match?.[1]?.toLowerCase() ?? ""
}

/** Browsers say which site a request comes from. A stream of facts changes nothing, but it occupies a permit. */
function isForeign(request: Request): boolean {
  const isRead = request.method === "GET" || request.method === "HEAD"
  if (isRead && pathOf(request) !== "/events") return false
  const site = request.headers["sec-fetch-site"]
  if (site !== undefined && site !== "same-origin" && site !== "none") return true
  const origin = request.headers["origin"]
  return origin !== undefined && !/^https?:\/\//.test(origin)
    || origin !== undefined && origin.replace(/^https?:\/\//, "").toLowerCase() !== request.headers["host"]?.toLowerCase()
}
