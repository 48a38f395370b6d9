/**
 * Sessions of the dashboard. A browser trades the token for a cookie once, because a page cannot send a header with everything
 * that it loads. The cookie shows when it ends, under a signature that only the token makes. So the service stores nothing, a
 * restart ends no session, and another token ends all of them.
 */
import * as NodeHttpServerRequest from "@effect/platform-node/NodeHttpServerRequest"
import type { HttpServerRequest } from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Redacted from "effect/Redacted"
import { createHash, createHmac, timingSafeEqual } from "node:crypto"
import type { AdminOptions } from "./AdminOptions.ts"

type Token = AdminOptions["token"]

/** Whether the request shows the token itself, as `Authorization: Bearer`. */
export function showsToken(request: HttpServerRequest, token: Redacted.Redacted): boolean {
  const [, given] = /^bearer +(.+)$/i.exec(request.headers["authorization"] ?? "") ?? []
  return given !== undefined && timingSafeEqual(digest(given), digest(Redacted.value(token)))
}

/** Whether the request has the cookie of a session that has not ended. */
export function isInSession(request: HttpServerRequest, token: Redacted.Redacted, nowMs: number): boolean {
  return endOf(request, token) > nowMs
}

/** How long the request may be answered, in ms. A token does not end, and neither does a port without one. */
export function lastsMs(request: HttpServerRequest, token: Token, nowMs: number): number {
  return token === undefined || showsToken(request, token) ? Infinity : Math.max(0, endOf(request, token) - nowMs)
}

/** When the session of the cookie ends, in ms since 1970; 0: there is no such session. */
function endOf(request: HttpServerRequest, token: Redacted.Redacted): number {
  const [, endsAt = "", signature = ""] = /^(\d{1,15})\.([\w-]{43})$/.exec(cookieOf(request) ?? "") ?? []
  const isGenuine = signature !== "" && timingSafeEqual(digest(signature), digest(signed(endsAt, token)))
  return isGenuine ? Number(endsAt) : 0
}

/** Whether the port has a token at all, for a caller that may see it. */
export function described(token: Token) {
  return HttpServerResponse.jsonUnsafe({ signedIn: true, needsToken: token !== undefined }, { headers: NO_STORE })
}

/** Begins a session. A page that came by TLS gets a cookie that travels by TLS alone. */
export function began(request: HttpServerRequest, token: Token, nowMs: number, lastsMs: number) {
  if (token === undefined) return described(token)
  const endsAt = String(nowMs + lastsMs)
  return withCookie(described(token), request, `${endsAt}.${signed(endsAt, token)}`, Math.ceil(lastsMs / 1_000))
}

/** Ends the session in the browser that asks. */
export function ended(request: HttpServerRequest) {
  return withCookie(HttpServerResponse.jsonUnsafe({ signedIn: false }, { headers: NO_STORE }), request, "", 0)
}

const NO_STORE = { "cache-control": "no-store" }

function withCookie(
  response: HttpServerResponse.HttpServerResponse,
  request: HttpServerRequest,
  value: string,
  forS: number
) {
  const secure = request.headers["origin"]?.startsWith("https://") === true ? "; Secure" : ""
  return HttpServerResponse.setHeader(
    response,
    "set-cookie",
    `${nameFor(request)}=${value}; Path=/; Max-Age=${forS}; HttpOnly; SameSite=Strict${secure}`
  )
}

/** Cookies belong to a host and not to a port, so each of several services on one host has a name of its own. */
function nameFor(request: HttpServerRequest): string {
  return `fairlead-${NodeHttpServerRequest.toIncomingMessage(request).socket.localPort ?? 0}`
}

function cookieOf(request: HttpServerRequest): string | undefined {
  const prefix = `${nameFor(request)}=`
  return (request.headers["cookie"] ?? "").split(/; */).find((one) => one.startsWith(prefix))?.slice(prefix.length)
}

function signed(endsAt: string, token: Redacted.Redacted): string {
  return createHmac("sha256", Redacted.value(token)).update(`fairlead dashboard until ${endsAt}`).digest("base64url")
}

/** Digests have one length, so a comparison takes the same time for every guess. */
function digest(text: string) {
  return createHash("sha256").update(text).digest()
}
