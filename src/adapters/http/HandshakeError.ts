/** Every address that could be connected failed its TLS handshake. */

/**
 * - `certificate`: no TLS, or no certificate that is valid for the host.
 * - `reset`, `closed`: the connection broke, or ended in order.
 * - `stalled`: the handshake was not over in time.
 */
export type HandshakeOutcome = "certificate" | "reset" | "closed" | "stalled"

export interface FailedHandshake {
  /** The label of the candidate, or the address where there is no candidate. */
  readonly candidate: string
  readonly outcome: HandshakeOutcome
  readonly tookMs: number
  readonly message: string
}

/** `cause` is the last handshake's own error, and `code` is its code, such as `CERT_HAS_EXPIRED`. */
export class HandshakeError extends Error {
  override readonly name = "HandshakeError"
  readonly code: string
  readonly host: string
  readonly port: number
  /** In the order in which they ended. */
  readonly tried: ReadonlyArray<FailedHandshake>

  constructor(host: string, port: number, tried: ReadonlyArray<FailedHandshake>, cause: Error, last?: Error) {
    const each = tried.map(({ candidate, tookMs, message }) => `${candidate} after ${Math.round(tookMs)} ms: ${message}`)
    // That every address was tried is no news.
    const after = hasTried(last) ? `; then ${last.message}` : ""
    super(
      `no address of ${host}:${port} completed TLS: ${each.join("; ")}${after}; `
        + "see its candidates in status, or give the authority as tls.ca if the certificates are right",
      { cause }
    )
    this.code = (cause as NodeJS.ErrnoException).code ?? "ERR_FAIRLEAD_HANDSHAKE"
    this.host = host
    this.port = port
    this.tried = tried
  }
}

function hasTried(error: (Error & { readonly tried?: ReadonlyArray<unknown> }) | undefined): error is Error {
  return error !== undefined && error.tried?.length !== 0
}
