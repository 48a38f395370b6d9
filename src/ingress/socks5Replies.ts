/** The replies of SOCKS5 to a request (RFC 1928, 6). */
import { wordsOf } from "../core/addressWords.ts"
import type { Address } from "../core/model/Config.ts"
import { addressBytes } from "./addressBytes.ts"
import type { Answers, FailureReason } from "./Handshake.ts"
import { joined } from "./Held.ts"

export const ADDRESS = { ipv4: 1, name: 3, ipv6: 4 }

export const CODES = {
  succeeded: 0,
  generalFailure: 1,
  notAllowed: 2,
  hostUnreachable: 4,
  refused: 5,
  /** "TTL expired" in the standard; servers use it for a dial that timed out. */
  timedOut: 6,
  commandNotSupported: 7,
  addressNotSupported: 8
}

const OF_FAILURES: Readonly<Record<FailureReason, number>> = {
  notAllowed: CODES.notAllowed,
  resolveFailed: CODES.hostUnreachable,
  refused: CODES.refused,
  timedOut: CODES.timedOut,
  unreachable: CODES.hostUnreachable,
  proxyError: CODES.generalFailure
}

const HIDDEN: Address = { host: "0.0.0.0", port: 0 }

export function replyOf(code: number, { host, port }: Address = HIDDEN): Uint8Array {
  const kind = wordsOf(host)?.length === 4 ? ADDRESS.ipv6 : ADDRESS.ipv4
  return joined([Uint8Array.of(5, code, 0, kind), addressBytes(host), Uint8Array.of(port >>> 8, port & 255)])
}

export const answers: Answers = {
  success: (bound) => replyOf(CODES.succeeded, bound),
  failure: (reason) => replyOf(OF_FAILURES[reason])
}
