/**
 * One TLS handshake over a connected socket. The certificate has to be valid for the host that the client asked for, whatever
 * address the socket leads to.
 */
import * as net from "node:net"
import * as tls from "node:tls"
import type { HandshakeOutcome } from "./HandshakeError.ts"
import type { SessionCache } from "./SessionCache.ts"

/** Options of TLS as Node has them. The host, the port and the socket are those of the connection. */
export type TlsOptions = Omit<tls.ConnectionOptions, "host" | "port" | "path" | "socket" | "lookup" | "session">

export class HandshakeFailure extends Error {
  readonly outcome: HandshakeOutcome

  constructor(outcome: HandshakeOutcome, message: string, cause?: Error) {
    super(message, { cause })
    this.outcome = outcome
  }
}

export interface Wanted {
  readonly host: string
  readonly timeoutMs: number
  readonly options: TlsOptions
  readonly sessions: SessionCache
}

/** Answers once, unless it is cancelled before. After a failure or the cancel the socket is closed. */
export function shakeHands(
  tcp: net.Socket,
  { host, timeoutMs, options, sessions }: Wanted,
  answer: (result: tls.TLSSocket | HandshakeFailure) => void
): () => void {
  const servername = options.servername ?? (net.isIP(host) === 0 ? host : "")
  const place = sessions.placeOf(servername, `${tcp.remoteAddress} ${tcp.remotePort}`, options)
  const session = sessions.get(place)
  const secure = tls.connect({
    ...options,
    // Without a name the certificate has to be valid for the address in the URL, not for the socket's.
    host: servername === "" ? host : servername,
    servername,
    socket: tcp,
    ...(session === undefined ? {} : { session })
  })
  const drop = () => {
    secure.destroy()
    tcp.destroy()
  }
  const fail = (outcome: HandshakeOutcome, message: string, cause?: Error) => {
    stop()
    answer(new HandshakeFailure(outcome, message, cause))
    drop()
  }
  const onError = (error: NodeJS.ErrnoException) => {
    if (session !== undefined) sessions.delete(place)
    fail(error.code === "ECONNRESET" ? "reset" : "certificate", textOf(error), error)
  }
  const onClose = () => fail("closed", "the connection ended during the handshake")
  const onSecure = () => {
    // A listener for errors stays: a late one, after the client has let go, must not end the process.
    stop()
    answer(secure)
  }
  const timer = setTimeout(() => fail("stalled", `no handshake within ${timeoutMs} ms`), timeoutMs)
  const stop = () => {
    clearTimeout(timer)
    secure.off("error", onError).off("close", onClose).off("secureConnect", onSecure).on("error", ignore)
  }
  secure.on("error", onError).on("close", onClose).on("secureConnect", onSecure)
  secure.on("session", (one) => sessions.set(place, one))
  return () => {
    stop()
    drop()
  }
}

/** OpenSSL's own messages name files and lines of its source. */
function textOf({ message, reason, library }: Error & { readonly reason?: string; readonly library?: string }): string {
  return library === undefined || reason === undefined ? message : reason
}

function ignore(): void {}
