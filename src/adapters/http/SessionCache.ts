/**
 * TLS sessions to resume, the last used ones. A resumed session skips the check of the certificate. So it is kept for the very
 * address that gave it, and for clients that asked for the same checks.
 */
import type { Buffer } from "node:buffer"
import { createHash } from "node:crypto"
import type * as tls from "node:tls"

export class SessionCache {
  readonly #most: number
  readonly #sessions = new Map<string, Buffer>()
  readonly #ids = new WeakMap<object, number>()
  #lastId = 0

  constructor(most: number) {
    this.#most = most
  }

  /** The place of a session: a server name at an address, asked with these options. */
  placeOf(servername: string, address: string, options: tls.ConnectionOptions): string {
    const own = (_key: string, value: unknown) =>
      typeof value === "function" || isContext(value) ? this.#idOf(value as object) : value
    return createHash("sha256").update(JSON.stringify([servername, address, checksOf(options)], own)).digest("base64")
  }

  get(place: string): Buffer | undefined {
    return this.#sessions.get(place)
  }

  set(place: string, session: Buffer): void {
    this.#sessions.delete(place)
    if (this.#most > 0) this.#sessions.set(place, session)
    if (this.#sessions.size <= this.#most) return
    for (const oldest of this.#sessions.keys()) {
      this.#sessions.delete(oldest)
      break
    }
  }

  delete(place: string): void {
    this.#sessions.delete(place)
  }

  #idOf(value: object): number {
    const id = this.#ids.get(value) ?? ++this.#lastId
    this.#ids.set(value, id)
    return id
  }
}

/** A secure context has no contents to compare. */
function isContext(value: unknown): boolean {
  return typeof value === "object" && value !== null && "context" in value
}

function checksOf(options: tls.ConnectionOptions): ReadonlyArray<unknown> {
  const { rejectUnauthorized, checkServerIdentity, secureContext, ca, cert, key, pfx, crl, ciphers, sigalgs } = options
  const { minVersion, maxVersion, secureProtocol, ecdhCurve } = options
  return [
    ...[rejectUnauthorized, checkServerIdentity, secureContext, ca, cert, key, pfx, crl, ciphers, sigalgs],
    ...[minVersion, maxVersion, secureProtocol, ecdhCurve]
  ]
}
