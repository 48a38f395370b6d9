/** Answers of the proxy itself over HTTP/1.1, with `Proxy-Status` (RFC 9209). No text of the client comes back in them. */
import type { FailureReason } from "../../../ingress/Handshake.ts"

export interface Answer {
  readonly status: number
  readonly reason: string
  /** The error of `Proxy-Status`; absent: the request itself is at fault. */
  readonly error: string
  readonly text: string
  readonly headers?: Readonly<Record<string, string>>
}

export const FAILURES: Readonly<Record<FailureReason, Answer>> = {
  notAllowed: {
    status: 403,
    reason: "Forbidden",
    error: "http_request_denied",
    text: "This proxy does not allow that host and port, or the addresses that they lead to."
  },
  resolveFailed: { status: 502, reason: "Bad Gateway", error: "dns_error", text: "The host has no address." },
  refused: { status: 502, reason: "Bad Gateway", error: "connection_refused", text: "The host refused the connection." },
  timedOut: {
    status: 504,
    reason: "Gateway Timeout",
    error: "connection_timeout",
    text: "The host did not answer in time."
  },
  unreachable: {
    status: 502,
    reason: "Bad Gateway",
    error: "destination_ip_unroutable",
    text: "No address of the host can be reached."
  },
  proxyError: {
    status: 502,
    reason: "Bad Gateway",
    error: "destination_unavailable",
    text: "The proxy has no way to the host now."
  }
}

export const UNAUTHENTICATED: Answer = {
  status: 407,
  reason: "Proxy Authentication Required",
  error: "http_request_denied",
  text: "This proxy needs a user and a password.",
  headers: { "Proxy-Authenticate": 'Basic realm="fairlead", charset="UTF-8"' }
}

const fault = (status: number, reason: string, text: string): Answer => ({
  status,
  reason,
  error: "http_request_error",
  text
})

export const BAD_REQUEST = fault(400, "Bad Request", "The request is malformed.")
export const BAD_TARGET = fault(400, "Bad Request", "The request names no host and port that can be reached.")
export const NOT_IMPLEMENTED = fault(501, "Not Implemented", "Only chunked is served as a transfer coding.")
export const TOO_LARGE = fault(431, "Request Header Fields Too Large", "The request's head is longer than allowed.")
export const NOT_FOUND = fault(404, "Not Found", "This is a proxy: it has no such page of its own.")

/** The value of `Proxy-Status`. `by`: the id of the candidate that served. */
export function proxyStatus(part: { readonly by: string } | { readonly error: string }): string {
  return "error" in part ? `fairlead; error=${part.error}` : `fairlead; next-hop=${quoted(part.by)}`
}

/** A string as structured fields have it (RFC 8941): a name may have any character, a header may not. */
function quoted(text: string): string {
  return `"${text.replaceAll(/[^ -~]/g, "?").replaceAll(/["\\]/g, "\\$&")}"`
}

/** A whole answer after which the connection ends. */
export function closingAnswer({ status, reason, error, text, headers = {} }: Answer): string {
  const lines = Object.entries({
    ...headers,
    "Proxy-Status": proxyStatus({ error }),
    "Content-Type": "text/plain; charset=utf-8",
    "Content-Length": String(text.length + 1),
    Connection: "close"
  }).map(([name, value]) => `${name}: ${value}`)
  return [`HTTP/1.1 ${status} ${reason}`, ...lines, "", `${text}\n`].join("\r\n")
}
