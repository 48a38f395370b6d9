/**
 * Which protocol a client of a proxy port speaks. The first byte tells it: SOCKS begins with its version, a TLS record with 22, and
 * an HTTP request with a character of its method. The parser of that protocol then judges the rest.
 */
import type { Protocol } from "./Handshake.ts"

const SOCKS4 = 4
const SOCKS5 = 5
const TLS_HANDSHAKE = 22

/** A character of a token (RFC 9110, 5.6.2). */
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]$/

/** undefined: nothing came yet. */
export function protocolOf(bytes: Uint8Array): Protocol | undefined {
  const [first] = bytes
  if (first === undefined) return undefined
  if (first === SOCKS5) return "socks5"
  if (first === SOCKS4) return "socks4"
  if (first === TLS_HANDSHAKE) return "tls"
  return TOKEN.test(String.fromCharCode(first)) ? "http" : "unknown"
}
